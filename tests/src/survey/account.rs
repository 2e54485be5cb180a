//! An account as `GetAccountAuthorizationDetails` shows it, page by page.

use std::fmt::Write as _;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// How many entries a page has.
const PAGE: usize = 200;

/// How large an account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    pub roles: usize,
    pub policies: usize,
    /// The policies that are attached to each role.
    pub attached: usize,
    pub users: usize,
    pub groups: usize,
}

impl Size {
    /// The account that the sweep must read within five minutes.
    pub const LARGE: Self = Self {
        roles: 5_000,
        policies: 1_500,
        attached: 4,
        users: 400,
        groups: 40,
    };

    /// The same account, smaller by this factor.
    #[must_use]
    pub fn divided_by(self, factor: usize) -> Self {
        Self {
            roles: self.roles / factor,
            policies: self.policies / factor,
            users: self.users / factor,
            groups: self.groups / factor,
            ..self
        }
    }

    fn entries(self) -> usize {
        self.users + self.groups + self.roles + self.policies
    }

    /// The page that begins at an entry, as IAM writes it.
    pub(super) fn page(self, start: usize) -> String {
        let end = (start + PAGE).min(self.entries());
        let mut lists = [const { String::new() }; 4];
        for at in start..end {
            let (list, entry) = self.entry(at);
            if let Some(list) = lists.get_mut(list) {
                list.push_str(&entry);
            }
        }
        let [users, groups, roles, policies] = lists;
        let is_truncated = end < self.entries();
        let marker = match is_truncated {
            true => format!("<Marker>{end}</Marker>"),
            false => String::new(),
        };
        format!(
            "<GetAccountAuthorizationDetailsResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><GetAccountAuthorizationDetailsResult><IsTruncated>{is_truncated}</IsTruncated>{marker}<UserDetailList>{users}</UserDetailList><GroupDetailList>{groups}</GroupDetailList><RoleDetailList>{roles}</RoleDetailList><Policies>{policies}</Policies></GetAccountAuthorizationDetailsResult></GetAccountAuthorizationDetailsResponse>"
        )
    }

    fn entry(self, at: usize) -> (usize, String) {
        let Some(group) = at.checked_sub(self.users) else {
            let inline = inline("User", "own", at);
            let group = format!(
                "<GroupList><member>group-{}</member></GroupList>",
                at % self.groups.max(1)
            );
            return (
                0,
                principal("User", "AIDA", at, &format!("{inline}{group}")),
            );
        };
        let Some(role) = group.checked_sub(self.groups) else {
            return (
                1,
                principal("Group", "AGPA", group, &self.attachments(group)),
            );
        };
        let Some(policy) = role.checked_sub(self.roles) else {
            let trust = "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"ec2.amazonaws.com\"},\"Action\":\"sts:AssumeRole\"}}";
            let trust = utf8_percent_encode(trust, NON_ALPHANUMERIC);
            let trust = format!("<AssumeRolePolicyDocument>{trust}</AssumeRolePolicyDocument>");
            let inline = inline("Role", "own", role);
            let all = format!("{trust}{inline}{}", self.attachments(role));
            return (2, principal("Role", "AROA", role, &all));
        };
        (3, managed(policy))
    }

    fn attachments(self, owner: usize) -> String {
        let mut members = String::new();
        for number in 0..self.attached {
            let policy = (owner * self.attached + number) % self.policies.max(1);
            let written = write!(
                members,
                "<member><PolicyName>policy-{policy}</PolicyName><PolicyArn>arn:aws:iam::111122223333:policy/policy-{policy}</PolicyArn></member>"
            );
            // A string takes any text.
            if written.is_err() {}
        }
        format!("<AttachedManagedPolicies>{members}</AttachedManagedPolicies>")
    }
}

fn principal(kind: &str, prefix: &str, number: usize, more: &str) -> String {
    let name = kind.to_lowercase();
    format!(
        "<member><{kind}Name>{name}-{number}</{kind}Name><{kind}Id>{prefix}{number:017}</{kind}Id><Arn>arn:aws:iam::111122223333:{name}/{name}-{number}</Arn><Path>/</Path><CreateDate>2026-01-01T00:00:00Z</CreateDate>{more}</member>"
    )
}

fn inline(kind: &str, name: &str, number: usize) -> String {
    let document = document(number, number.is_multiple_of(10));
    format!(
        "<{kind}PolicyList><member><PolicyName>{name}</PolicyName><PolicyDocument>{document}</PolicyDocument></member></{kind}PolicyList>"
    )
}

fn managed(number: usize) -> String {
    let document = document(number, number.is_multiple_of(15));
    format!(
        "<member><PolicyName>policy-{number}</PolicyName><PolicyId>ANPA{number:017}</PolicyId><Arn>arn:aws:iam::111122223333:policy/policy-{number}</Arn><Path>/</Path><DefaultVersionId>v1</DefaultVersionId><CreateDate>2026-01-01T00:00:00Z</CreateDate><PolicyVersionList><member><VersionId>v1</VersionId><IsDefaultVersion>true</IsDefaultVersion><CreateDate>2026-01-01T00:00:00Z</CreateDate><Document>{document}</Document></member></PolicyVersionList></member>"
    )
}

/// A document of ordinary length, which differs for each number.
fn document(number: usize, is_restricted: bool) -> String {
    let more = match is_restricted {
        true => ",\"s3:DeleteBucket\",\"iam:PassRole\",\"lambda:CreateFunction\"",
        false => "",
    };
    let statements = (0..6).map(|statement| {
        format!(
            "{{\"Sid\":\"S{statement}\",\"Effect\":\"Allow\",\"Action\":[\"dynamodb:GetItem\",\"dynamodb:Query\",\"s3:GetObject\",\"sqs:SendMessage\"{}],\"Resource\":\"arn:aws:s3:::bucket-{number}-{statement}/*\"}}",
            if statement == 0 { more } else { "" }
        )
    });
    let statements: Vec<String> = statements.collect();
    let document = format!(
        "{{\"Version\":\"2012-10-17\",\"Statement\":[{}]}}",
        statements.join(",")
    );
    utf8_percent_encode(&document, NON_ALPHANUMERIC).to_string()
}
