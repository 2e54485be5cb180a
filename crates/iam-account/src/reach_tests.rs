use super::*;
use crate::trust::Trust;

const ACCOUNT: &str = r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}}"#;

fn arn(name: &str) -> String {
    format!("arn:aws:iam::111122223333:role/{name}")
}

fn naming(name: &str) -> Trust {
    Trust::new(&ACCOUNT.replace("\"111122223333\"", &format!("\"{}\"", arn(name))))
}

/// What the first role can become, of roles that are chained by their trust policies; the last
/// one holds something restricted.
fn reach(trusts: &[Trust], permits: &[Permits], of: &[usize]) -> Reach {
    let names = ["a", "b", "c", "d"].map(arn);
    let roles: Vec<Role<'_>> = trusts
        .iter()
        .zip(&names)
        .enumerate()
        .map(|(at, (trust, arn))| Role {
            arn,
            trust: Some(trust),
            weight: (usize::from(at + 1 == trusts.len()), 0),
        })
        .collect();
    let starts: Vec<Start<'_>> = (0..roles.len())
        .map(|at| Start {
            arn: &names[at],
            role: Some(at),
            permits: of[at],
        })
        .collect();
    Graph::new(&roles, &starts, permits).search(0)
}

#[test]
fn chains_are_followed() {
    let trusts = [naming("d"), naming("a"), naming("b"), naming("c")];
    let reach = reach(&trusts, &[Permits::default()], &[0; 4]);
    assert_eq!((reach.roles, reach.holders), (3, 1));
    let chain = vec![1, 2, 3];
    assert_eq!(
        reach.named,
        [Reached {
            chain,
            more: 0,
            is_sure: true
        }]
    );
}

#[test]
fn a_long_chain_is_shortened() {
    let mut search = Search {
        before: vec![None; 20],
        ..Search::default()
    };
    let before = |role: usize| role.checked_sub(1);
    for role in 0..20 {
        assert!(search.add(role, before(role), Strength::Yes));
    }
    assert_eq!(search.chain(19), (vec![0, 1, 2, 3, 4, 5, 6, 19], 12));
    assert_eq!(search.chain(1), (vec![0, 1], 0));
}

#[test]
fn an_account_is_let_in_if_permissions_allow_it() {
    let trusts = || [naming("x"), Trust::new(ACCOUNT), naming("b")];
    let all = Permits {
        any: Bits::below(3),
        ..Permits::default()
    };
    let none = reach(&trusts(), &[Permits::default()], &[0; 3]);
    assert_eq!(none.roles, 0);
    let narrow = reach(&trusts(), &[Permits::default(), all.clone()], &[1, 0, 0]);
    let chain = vec![1, 2];
    assert_eq!(
        narrow.named,
        [Reached {
            chain,
            more: 0,
            is_sure: false
        }]
    );
    let sure = Permits {
        sure: Bits::below(3),
        ..all
    };
    let sure = reach(&trusts(), &[Permits::default(), sure], &[1, 0, 0]);
    assert!(sure.named[0].is_sure);
}

#[test]
fn a_deny_of_the_principal_counts_against_a_trust_policy() {
    let trusts = [naming("x"), naming("a")];
    let denied = Permits {
        denied: Bits::below(2),
        ..Permits::default()
    };
    assert_eq!(reach(&trusts, &[denied], &[0; 2]).roles, 0);
    let doubted = Permits {
        doubted: Bits::below(2),
        ..Permits::default()
    };
    assert!(!reach(&trusts, &[doubted], &[0; 2]).named[0].is_sure);
}
