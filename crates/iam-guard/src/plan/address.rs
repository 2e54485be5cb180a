//! Addresses of resources, and references to them in the configuration.

/// A part of an address: a name, and the key of an instance as Terraform writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Step<'s> {
    pub(super) name: &'s str,
    pub(super) key: Option<&'s str>,
}

/// A resource or data source inside its module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Local<'s> {
    pub(super) is_data: bool,
    pub(super) kind: &'s str,
    pub(super) name: &'s str,
}

/// The address of an instance of a resource.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Address<'s> {
    pub(super) modules: Vec<Step<'s>>,
    pub(super) local: Local<'s>,
    pub(super) key: Option<&'s str>,
}

impl<'s> Address<'s> {
    pub(super) fn parse(text: &'s str) -> Option<Self> {
        let all = steps(text);
        let mut rest = all.as_slice();
        let mut modules = Vec::new();
        while let [Step { name: "module", .. }, module, behind @ ..] = rest {
            modules.push(*module);
            rest = behind;
        }
        let (local, key, behind) = resource(rest)?;
        behind.is_empty().then_some(Self {
            modules,
            local,
            key,
        })
    }

    /// An address that cannot be parsed. Nothing refers to it.
    pub(super) fn unusual(text: &'s str) -> Self {
        Self {
            modules: Vec::new(),
            local: Local {
                is_data: false,
                kind: "",
                name: text,
            },
            key: None,
        }
    }
}

/// What an expression refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reference<'s> {
    Resource {
        local: Local<'s>,
        key: Option<&'s str>,
        attributes: Vec<Step<'s>>,
    },
    Output {
        call: Step<'s>,
        name: &'s str,
        /// Whether a part of the value is meant.
        is_part: bool,
    },
    Variable {
        name: &'s str,
        is_part: bool,
    },
    /// `each.key` or `count.index`.
    Key,
    /// `each.value` or a part of it.
    Value,
    Other,
}

impl<'s> Reference<'s> {
    pub(super) fn parse(text: &'s str) -> Self {
        let steps = steps(text);
        match steps.as_slice() {
            [Step { name: "var", .. }, Step { name, key }, behind @ ..] => Self::Variable {
                name,
                is_part: key.is_some() || !behind.is_empty(),
            },
            [Step { name: "module", .. }, call, output, behind @ ..] => Self::Output {
                call: *call,
                name: output.name,
                is_part: output.key.is_some() || !behind.is_empty(),
            },
            [
                Step { name: "each", .. },
                Step {
                    name: "key",
                    key: None,
                },
            ]
            | [
                Step { name: "count", .. },
                Step {
                    name: "index",
                    key: None,
                },
            ] => Self::Key,
            [Step { name: "each", .. }, Step { name: "value", .. }, ..] => Self::Value,
            [
                Step {
                    name:
                        "module" | "each" | "count" | "local" | "path" | "terraform" | "self"
                        | "ephemeral",
                    ..
                },
                ..,
            ] => Self::Other,
            steps => match resource(steps) {
                Some((local, key, attributes)) => Self::Resource {
                    local,
                    key,
                    attributes: attributes.to_vec(),
                },
                None => Self::Other,
            },
        }
    }
}

/// The references of an expression. Terraform lists each of them in full, and then all shorter
/// forms of it, which are left out here.
pub(super) fn references<'s>(listed: impl Iterator<Item = &'s str>) -> Vec<Reference<'s>> {
    let mut full: Option<&'s str> = None;
    let mut found = Vec::new();
    for text in listed {
        let is_shorter = full.is_some_and(|full| {
            let behind = full.strip_prefix(text);
            behind.is_some_and(|it| it.starts_with(['.', '[']))
        });
        if !is_shorter {
            full = Some(text);
            found.push(Reference::parse(text));
        }
    }
    found
}

/// The resource that the steps begin with: its name, its key, and the steps behind.
fn resource<'s, 'a>(steps: &'a [Step<'s>]) -> Option<(Local<'s>, Option<&'s str>, &'a [Step<'s>])> {
    let (is_data, steps) = match steps {
        [Step { name: "data", .. }, steps @ ..] => (true, steps),
        steps => (false, steps),
    };
    let [kind, Step { name, key }, behind @ ..] = steps else {
        return None;
    };
    let local = Local {
        is_data,
        kind: kind.name,
        name,
    };
    Some((local, *key, behind))
}

/// `a.b["x.y"].c[0]` as `a`, `b` with the key `"x.y"`, and `c` with the key `0`. Only the last key
/// of a step with several counts.
fn steps(text: &str) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    let mut key = None;
    let (mut start, mut opened) = (0, None);
    let (mut quoted, mut escaped) = (false, false);
    let mut name_end = None;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if opened.is_some() => quoted = !quoted,
            _ if quoted => {}
            '[' if opened.is_none() => {
                opened = Some(at + 1);
                name_end = name_end.or(Some(at));
            }
            ']' => {
                if let Some(opened) = opened.take() {
                    key = text.get(opened..at);
                }
            }
            '.' if opened.is_none() => {
                let name = text.get(start..name_end.unwrap_or(at)).unwrap_or_default();
                steps.push(Step { name, key });
                (start, name_end, key) = (at + 1, None, None);
            }
            _ => {}
        }
    }
    let end = name_end.unwrap_or(text.len());
    let name = text.get(start..end).unwrap_or_default();
    steps.push(Step { name, key });
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(name: &'static str, key: Option<&'static str>) -> Step<'static> {
        Step { name, key }
    }

    const DOCUMENT: Local<'static> = Local {
        is_data: true,
        kind: "aws_iam_policy_document",
        name: "d",
    };

    #[test]
    fn addresses_have_modules_and_keys() {
        let text = r#"module.a["x.\"]y"].module.b[0].data.aws_iam_policy_document.d["k[1]"]"#;
        let address = Address::parse(text).unwrap();
        assert_eq!(
            address.modules,
            [step("a", Some(r#""x.\"]y""#)), step("b", Some("0"))]
        );
        assert_eq!(address.local, DOCUMENT);
        assert_eq!(address.key, Some("\"k[1]\""));
        let address = Address::parse("aws_iam_policy.p").unwrap();
        assert_eq!((address.local.kind, address.key), ("aws_iam_policy", None));
        for text in [
            "",
            "a",
            "module.a",
            "module.a.b",
            "a.b.c",
            "[",
            "a[",
            "\"",
            "é.",
        ] {
            let _no_panic = Address::parse(text);
        }
    }

    #[test]
    fn shorter_forms_of_a_reference_are_left_out() {
        let parsed = |texts: &[&'static str]| references(texts.iter().copied());
        let document = |key, attributes: &[Step<'static>]| Reference::Resource {
            local: DOCUMENT,
            key,
            attributes: attributes.to_vec(),
        };
        let texts = [
            "data.aws_iam_policy_document.d[0].json",
            "data.aws_iam_policy_document.d[0]",
            "data.aws_iam_policy_document.d",
            "each.key",
        ];
        let json = [step("json", None)];
        assert_eq!(parsed(&texts), [document(Some("0"), &json), Reference::Key]);
        let others = parsed(&["var.a.b", "var.a", "module.m[\"k\"].out", "module.m[\"k\"]"]);
        let expected = [
            Reference::Variable {
                name: "a",
                is_part: true,
            },
            Reference::Output {
                call: step("m", Some("\"k\"")),
                name: "out",
                is_part: false,
            },
        ];
        assert_eq!(others, expected);
        assert_eq!(
            parsed(&[
                "local.x",
                "each.value.a",
                "each.value",
                "module.m",
                "count.index"
            ]),
            [
                Reference::Other,
                Reference::Value,
                Reference::Other,
                Reference::Key
            ]
        );
        // A longer name is not a longer form.
        assert_eq!(parsed(&["var.ab", "var.a"]).len(), 2);
    }
}
