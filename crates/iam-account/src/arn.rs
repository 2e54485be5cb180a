//! ARNs, and patterns of ARNs.

/// The account of an ARN; `aws` for AWS managed policies, empty for no ARN.
pub(crate) fn account(arn: &str) -> &str {
    arn.split(':').nth(4).unwrap_or_default()
}

/// The partition of an ARN.
pub(crate) fn partition(arn: &str) -> &str {
    let partition = arn.split(':').nth(1).unwrap_or_default();
    if partition.is_empty() {
        "aws"
    } else {
        partition
    }
}

/// The last part of the path of an ARN: the name of its resource.
pub(crate) fn name(arn: &str) -> &str {
    arn.rsplit(['/', ':']).next().unwrap_or(arn)
}

/// Returns true if the pattern matches the ARN: `*` matches any run of characters, `?` one.
///
/// The time is the product of the lengths at worst.
pub(crate) fn matches(pattern: &str, arn: &str) -> bool {
    let (mut pattern, mut text) = (pattern.as_bytes(), arn.as_bytes());
    // The place to resume behind the last `*` if what follows it does not fit.
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => return true,
            (Some((b'*', rest)), _) => {
                retry = Some((rest, text));
                pattern = rest;
                continue;
            }
            (Some((p, pattern_rest)), Some((t, text_rest))) if p == t || *p == b'?' => {
                (pattern, text) = (pattern_rest, text_rest);
                continue;
            }
            _ => {}
        }
        let Some((behind, from)) = retry else {
            return false;
        };
        let Some((_, shorter)) = from.split_first() else {
            return false;
        };
        retry = Some((behind, shorter));
        (pattern, text) = (behind, shorter);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found() {
        let arn = "arn:aws-cn:iam::111122223333:role/path/app";
        assert_eq!(
            (account(arn), partition(arn), name(arn)),
            ("111122223333", "aws-cn", "app")
        );
        assert_eq!((account(""), partition(""), name("")), ("", "aws", ""));
    }

    #[test]
    fn patterns_match_as_in_resources() {
        let arn = "arn:aws:iam::111122223333:role/deploy-a";
        for pattern in [
            "*",
            arn,
            "arn:aws:iam::*:role/deploy-*",
            "arn:*a",
            "arn:aws:iam::111122223333:role/deploy-?",
        ] {
            assert!(matches(pattern, arn), "{pattern}");
        }
        for pattern in ["", "arn:aws:iam::*:role/Deploy-*", "*:role/deploy-", "?"] {
            assert!(!matches(pattern, arn), "{pattern}");
        }
    }
}
