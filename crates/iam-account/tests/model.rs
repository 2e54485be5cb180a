//! Accounts by chance, judged by a model that asks about every action alone.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "an error in a helper fails the test that called it"
)]

use iam_account::{AccountBuilder, Entry, List};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// All actions of the model. The restricted list names some of them, each by itself, and some by a
/// pattern.
const ACTIONS: [&str; 6] = [
    "s3:GetA", "s3:GetB", "s3:PutA", "ec2:GetA", "ec2:PutA", "ec2:PutB",
];
const PATTERNS: [&str; 8] = [
    "*", "s3:*", "s3:Get*", "s3:GetA", "ec2:Put?", "ec2:*A", "s3:PutA", "iam:*",
];
/// The restricted patterns, with the actions of the model that they match.
const RESTRICTED: [(&str, &[usize]); 4] = [
    ("s3:GetA", &[0]),
    ("s3:PutA", &[2]),
    ("ec2:Put?", &[4, 5]),
    ("ec2:GetA", &[3]),
];

#[derive(Clone, Debug)]
struct Statement {
    is_allow: bool,
    is_negated: bool,
    patterns: Vec<&'static str>,
    is_narrow: bool,
    is_conditional: bool,
}

impl Statement {
    fn json(&self) -> Value {
        let element = if self.is_negated {
            "NotAction"
        } else {
            "Action"
        };
        let mut statement = json!({
            "Effect": if self.is_allow { "Allow" } else { "Deny" },
            element: self.patterns,
            "Resource": if self.is_narrow { "arn:aws:s3:::a" } else { "*" },
        });
        if self.is_conditional {
            statement["Condition"] = json!({"Bool": {"aws:SecureTransport": "true"}});
        }
        statement
    }

    fn is_wide(&self) -> bool {
        !self.is_narrow && !self.is_conditional
    }

    fn applies(&self, action: &str) -> bool {
        let named = self.patterns.iter().any(|pattern| {
            let pattern: iam_policy::ActionPattern = pattern.parse().unwrap();
            pattern.matches(action)
        });
        named != self.is_negated
    }
}

fn statement() -> impl Strategy<Value = Statement> {
    let patterns = vec(select(&PATTERNS[..]), 1..4);
    (any::<bool>(), 0..6_u8, patterns, 0..4_u8, 0..4_u8).prop_map(
        |(is_allow, negated, patterns, narrow, conditional)| Statement {
            is_allow,
            is_negated: negated == 0,
            patterns,
            is_narrow: narrow == 0,
            is_conditional: conditional == 0,
        },
    )
}

type Document = Vec<Statement>;

fn document() -> impl Strategy<Value = Document> {
    vec(statement(), 1..4)
}

fn json_of(document: &Document) -> Value {
    let statements: Vec<Value> = document.iter().map(Statement::json).collect();
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// Whether an action is held at all, and for certain.
fn model(policies: &[&Document], boundary: Option<&Document>, action: &str) -> (bool, bool) {
    let all = || policies.iter().flat_map(|it| it.iter());
    let within = || boundary.into_iter().flatten();
    let of = |it: &&Statement, is_allow: bool| it.is_allow == is_allow && it.applies(action);
    let denies = || all().chain(within()).filter(|it| of(it, false));
    let allows = |wide: bool| all().any(|it| of(&it, true) && (it.is_wide() || !wide));
    let leaves = |wide: bool| {
        boundary.is_none() || within().any(|it| of(&it, true) && (it.is_wide() || !wide))
    };
    let any = allows(false) && leaves(false) && !denies().any(Statement::is_wide);
    let sure = allows(true) && leaves(true) && denies().next().is_none();
    (any, sure)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1500) })]

    #[test]
    fn every_action_alone_gives_the_same(
        own in vec(document(), 1..4),
        of_group in document(),
        boundary in proptest::option::of(document()),
    ) {
        let inline: Vec<Value> = own
            .iter()
            .enumerate()
            .map(|(at, it)| json!({"PolicyName": format!("p{at}"), "PolicyDocument": json_of(it)}))
            .collect();
        let mut user = json!({
            "UserName": "u", "Arn": "arn:aws:iam::111122223333:user/u",
            "UserPolicyList": inline, "GroupList": ["g"],
        });
        let group = json!({
            "GroupName": "g", "Arn": "arn:aws:iam::111122223333:group/g",
            "AttachedManagedPolicies": [{"PolicyArn": "arn:aws:iam::111122223333:policy/g"}],
        });
        let policy = |name: &str, document: &Document| json!({
            "Arn": format!("arn:aws:iam::111122223333:policy/{name}"),
            "PolicyVersionList": [
                {"VersionId": "v1", "IsDefaultVersion": true, "Document": json_of(document)},
            ],
        });
        let mut entries = vec![(List::Groups, group), (List::Policies, policy("g", &of_group))];
        if let Some(boundary) = &boundary {
            let arn = "arn:aws:iam::111122223333:policy/b";
            user["PermissionsBoundary"] = json!({"PermissionsBoundaryArn": arn});
            entries.push((List::Policies, policy("b", boundary)));
        }
        entries.push((List::Users, user));

        let list = RESTRICTED.map(|(pattern, _)| pattern).join(",");
        let mut builder = AccountBuilder::new(list.parse().unwrap());
        for (list, entry) in &entries {
            builder.add(Entry::read(*list, entry.to_string().as_bytes()).unwrap());
        }
        builder.end_page(&List::ALL, false);
        let account = builder.build(|_| None);
        prop_assert!(account.gaps().is_empty());
        let user = &account.principals()[0];
        let holdings = account.holdings(user);
        let (sure, maybe) = (holdings.sure(), holdings.maybe());

        let mut policies: Vec<&Document> = own.iter().collect();
        policies.push(&of_group);
        for (pattern, actions) in RESTRICTED {
            let found: Vec<(bool, bool)> = actions
                .iter()
                .map(|at| model(&policies, boundary.as_ref(), ACTIONS[*at]))
                .collect();
            // `ec2:Put?` also names actions that the model does not have, for which the statements
            // are those for one of these or for neither of them.
            let others = match pattern {
                "ec2:Put?" => Some(model(&policies, boundary.as_ref(), "ec2:PutZ")),
                _ => None,
            };
            let all = || found.iter().chain(&others);
            let is = |list: &[&iam_policy::ActionPattern]| list.iter().any(|it| it.as_str() == pattern);
            prop_assert_eq!(all().any(|(_, sure)| *sure), is(&sure), "{} for certain", pattern);
            prop_assert_eq!(
                all().any(|(any, _)| *any), is(&sure) || is(&maybe), "{} at all", pattern
            );
        }
    }
}
