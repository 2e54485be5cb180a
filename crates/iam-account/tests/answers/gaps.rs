//! Answers that lack something.

use iam_account::{Entry, List, Verdict};
use serde_json::{Value, json};

use super::List::{Groups, Policies, Roles, Users};
use super::{ACCOUNT, account, builder, gaps, group, policy, role, user, verdicts};

#[test]
fn what_is_not_there_is_unknown() {
    let account = account(&[
        (Users, user("a", &["gone"], &[])),
        (Users, user("b", &["gone", "p"], &[])),
        (Users, user("c", &["clean"], &["gone"])),
        (Users, user("d", &["clean", "aws/Gone"], &[])),
        (Policies, policy("p", "s3:*")),
        (Policies, policy("clean", "s3:GetObject")),
    ]);
    assert_eq!(
        verdicts(&account),
        [
            ("a", Verdict::Unknown),
            ("b", Verdict::Yes),
            ("c", Verdict::Unknown),
            ("d", Verdict::Unknown)
        ]
    );
    assert_eq!(
        gaps(&account),
        [
            "no page has the document of `arn:aws:iam::111122223333:policy/gone`, which \
             `arn:aws:iam::111122223333:user/a` and 1 more have",
            "no page has the document of `arn:aws:iam::aws:policy/Gone`, which \
             `arn:aws:iam::111122223333:user/d` has",
            "no page has the group `gone`, which `arn:aws:iam::111122223333:user/c` is in",
        ]
    );
    let user = &account.principals()[1];
    let missing = account.holdings(user).missing();
    assert_eq!(missing, ["arn:aws:iam::111122223333:policy/gone"]);
}

#[test]
fn pages_say_whether_they_are_all() {
    let gaps_of = |pages: &[(&[List], bool)]| {
        let mut builder = builder(&[(Users, user("a", &[], &[]))]);
        for (lists, is_truncated) in pages {
            builder.end_page(lists, *is_truncated);
        }
        gaps(&builder.build(|_| None))
    };
    let truncated = ["the last page says that more pages follow"];
    let all = &List::ALL[..];
    assert!(gaps_of(&[(all, true), (all, false)]).is_empty());
    // The names of files can put the last page first.
    assert!(gaps_of(&[(all, false), (all, true)]).is_empty());
    assert_eq!(gaps_of(&[(all, true)]), truncated);
    assert_eq!(
        gaps_of(&[(all, false), (all, false), (all, true)]),
        truncated
    );
    assert_eq!(
        gaps_of(&[(&[Users, Roles], false), (&[Policies], false)]),
        ["no page has the list `GroupDetailList`"]
    );
}

#[test]
fn pages_are_counted_for_each_account() {
    let user_of = |account: &str| {
        let mut user = user("a", &["aws/Read"], &[]);
        user["Arn"] = json!(format!("arn:aws:iam::{account}:user/a"));
        (Users, user)
    };
    let gaps_of = |pages: &[(&str, bool, u64)]| {
        let mut builder = builder(&[]);
        for (account, is_truncated, attached) in pages {
            let mut read = policy("Read", "s3:GetObject");
            read["Arn"] = json!("arn:aws:iam::aws:policy/Read");
            read["AttachmentCount"] = json!(attached);
            for (list, entry) in [user_of(account), (Policies, read)] {
                builder.add(Entry::read(list, entry.to_string().as_bytes()).unwrap());
            }
            builder.end_page(&List::ALL, *is_truncated);
        }
        gaps(&builder.build(|_| None))
    };
    let (a, b) = ("111122223333", "444455556666");
    assert!(gaps_of(&[(a, true, 1), (a, false, 1), (b, false, 1)]).is_empty());
    assert!(gaps_of(&[(b, false, 1), (a, false, 1), (a, true, 1)]).is_empty());
    assert_eq!(
        gaps_of(&[(a, true, 1), (a, false, 1), (b, true, 1)]),
        ["the last page of the account 444455556666 says that more pages follow"]
    );
    // Each account counts its own attachments of the policies of AWS.
    assert!(gaps_of(&[(a, false, 1), (b, false, 0)]).is_empty());
    assert_eq!(
        gaps_of(&[(a, false, 2), (b, false, 1)]),
        ["the answer counts 2 attachments of `arn:aws:iam::aws:policy/Read` and has 1 of them"]
    );
    // Somebody put two answers together, and made pages of them.
    let document = r#"{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#;
    let mut mixed = builder(&[user_of(a), user_of(b)]);
    mixed.end_page(&List::ALL, true);
    let (list, entry) = user_of(a);
    mixed.add(Entry::read(list, entry.to_string().as_bytes()).unwrap());
    mixed.end_page(&List::ALL, false);
    assert!(gaps(&mixed.build(|_| Some(document))).is_empty());
    let mut builder = builder(&[user_of(a)]);
    builder.end_page(&List::ALL, false);
    let (list, entry) = user_of(b);
    builder.add(Entry::read(list, entry.to_string().as_bytes()).unwrap());
    builder.end_page(&[Users, Groups, Policies], false);
    let gaps = gaps(&builder.build(|_| Some(document)));
    assert_eq!(
        gaps,
        ["no page of the account 444455556666 has the list `RoleDetailList`"]
    );
}

#[test]
fn nothing_is_no_answer() {
    assert_eq!(gaps(&builder(&[]).build(|_| None)), ["it has no pages"]);
    assert_eq!(gaps(&account(&[])), ["it has no user, group or role"]);
    let text = user("a", &[], &[]).to_string();
    for arn in ["", "arn:aws:iam:::user/a", "a"] {
        let text = text.replace("arn:aws:iam::111122223333:user/a", arn);
        assert!(Entry::read(Users, text.as_bytes()).is_err(), "{arn}");
    }
}

#[test]
fn what_cannot_be_read_is_unknown() {
    let broken = || {
        let mut broken = policy("broken", "*");
        broken["PolicyVersionList"][0]["Document"] = json!("%7B%22Version");
        (Policies, broken)
    };
    let inline = |mut principal: Value, document: Value| {
        principal["UserPolicyList"] = json!([{"PolicyName": "in", "PolicyDocument": document}]);
        (Users, principal)
    };
    let all = account(&[
        broken(),
        (Policies, policy("p", "s3:*")),
        (Groups, group("g", &["broken"])),
        (Users, user("a", &[], &["g"])),
        inline(
            user("b", &["p"], &[]),
            json!({"Statement": [{"Effect": "Allow"}]}),
        ),
        inline(user("c", &[], &[]), Value::Null),
    ]);
    assert_eq!(
        verdicts(&all),
        [
            ("a", Verdict::Unknown),
            ("b", Verdict::Yes),
            ("c", Verdict::Unknown),
            ("g", Verdict::Unknown)
        ]
    );
    let found = gaps(&all);
    assert_eq!(found.len(), 3, "{found:?}");
    for (gap, start) in found.iter().zip([
        "inline policy `in` of user `b`, which `arn:aws:iam::111122223333:user/b` has, cannot be \
         read: statement 1",
        "inline policy `in` of user `c`, which `arn:aws:iam::111122223333:user/c` has, cannot be \
         read: ",
        "policy `broken`, which `arn:aws:iam::111122223333:group/g` has, cannot be read: ",
    ]) {
        assert!(gap.starts_with(start), "{gap}");
    }
    let unreadable = all.holdings(&all.principals()[0]).unreadable();
    let names: Vec<String> = unreadable.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["policy `broken`"]);
    // A boundary that cannot be read leaves grants, but none for certain.
    let mut bounded = user("a", &["p"], &[]);
    let arn = format!("{ACCOUNT}:policy/broken");
    bounded["PermissionsBoundary"] = json!({"PermissionsBoundaryArn": arn});
    let entries = [broken(), (Policies, policy("p", "s3:*")), (Users, bounded)];
    let bounded = account(&entries);
    assert_eq!(verdicts(&bounded), [("a", Verdict::Maybe)]);
    let boundary = bounded.holdings(&bounded.principals()[0]).boundary();
    assert_eq!(boundary, Some((arn.as_str(), false)));
    assert_eq!(gaps(&bounded).len(), 1);
}

#[test]
fn a_trust_policy_is_missed_where_it_matters() {
    let with = |trust: Value, policies: &[&str]| {
        let mut role = role("r", policies, "ec2.amazonaws.com");
        role["AssumeRolePolicyDocument"] = trust;
        gaps(&account(&[(Roles, role), (Policies, policy("p", "s3:*"))]))
    };
    assert!(with(Value::Null, &[]).is_empty());
    let role = "arn:aws:iam::111122223333:role/r";
    assert_eq!(
        with(Value::Null, &["p"]),
        [format!("no page has the trust policy of `{role}`")]
    );
    for broken in [
        json!("{"),
        json!({"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]}),
        json!({"Statement": [{"Effect": "allow", "Principal": "*", "Action": "sts:AssumeRole"}]}),
        json!({"Statement": {"Effect": "Deny", "Principal": {"AWS": 1}, "Action": "sts:*"}}),
    ] {
        let found = with(broken, &[]);
        assert!(
            matches!(found.as_slice(), [it] if it.contains("the trust policy of") && it.contains("cannot be read")),
            "{found:?}"
        );
    }
}

#[test]
fn an_entry_can_come_twice_but_not_differ() {
    let one = (Users, user("a", &["p"], &[]));
    let policy = (Policies, policy("p", "s3:GetObject"));
    let same = account(&[one.clone(), policy.clone(), one.clone(), policy.clone()]);
    assert!(gaps(&same).is_empty());
    assert_eq!(verdicts(&same), [("a", Verdict::No)]);
    let other = account(&[one.clone(), policy.clone(), (Users, user("a", &[], &[]))]);
    assert_eq!(
        gaps(&other),
        [format!("two entries for `{ACCOUNT}:user/a` differ")]
    );
    let later = (Policies, self::policy("p", "s3:DeleteObject"));
    let changed = account(&[one, policy, later]);
    assert_eq!(verdicts(&changed), [("a", Verdict::Unknown)]);
}

#[test]
fn attachments_to_others_are_noticed() {
    let mut counted = policy("p", "s3:GetObject");
    counted["AttachmentCount"] = json!(2);
    let account = account(&[(Policies, counted), (Users, user("a", &["p"], &[]))]);
    assert_eq!(
        gaps(&account),
        [format!(
            "the answer counts 2 attachments of `{ACCOUNT}:policy/p` and has 1 of them"
        )]
    );
}

#[test]
fn a_list_with_another_name_is_not_taken_for_empty() {
    let read = |json: Value| Entry::read(Users, json.to_string().as_bytes()).map(|_| ());
    let arn = format!("{ACCOUNT}:user/a");
    let bare = json!({"UserName": "a", "Arn": arn, "UserId": "AIDA", "Tags": []});
    assert!(read(bare.clone()).is_ok());
    for list in ["userPolicyList", "GroupLists", "Attached"] {
        let mut other = bare.clone();
        other[list] = json!([]);
        let error = read(other).unwrap_err().to_string();
        assert!(error.contains(&format!("`{list}`")), "{error}");
    }
    // AWS may add members.
    let mut later = user("a", &[], &[]);
    later["UserPolicyList"] = json!([]);
    later["Later"] = json!(1);
    assert!(read(later).is_ok());
}
