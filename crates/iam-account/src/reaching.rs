//! Which roles the principals of an account can become.

use std::collections::HashMap;

use crate::builder::Policies;
use crate::document::Summary;
use crate::doors::Role;
use crate::held::Boundary;
use crate::judging::{boundary, sources};
use crate::permits::{Permits, Roles};
use crate::principal::{Kind, Principal};
use crate::reach::{Graph, Reach, Start};
use crate::trust::Trust;

/// What each principal can become.
pub(crate) fn reaches(
    principals: &[Principal],
    summaries: &[Summary],
    policies: &Policies,
    trusts: &[Trust],
) -> Vec<Reach> {
    let of_kind = |kind: Kind| principals.iter().filter(move |it| it.kind == kind);
    let roles: Vec<Role<'_>> = of_kind(Kind::Role)
        .map(|it| Role {
            arn: &it.arn,
            trust: it.trust.and_then(|trust| trusts.get(trust)),
            weight: it.counts(),
        })
        .collect();
    let mut search = Roles::new(roles.iter().map(|it| it.arn).collect());
    let mut known: HashMap<(Vec<usize>, Boundary<usize>), usize> = HashMap::new();
    let mut permits: Vec<Permits> = Vec::new();
    let (mut starts, mut is_cut) = (Vec::new(), false);
    let of = |number: &usize| summaries.get(*number);
    let users = of_kind(Kind::User).count();
    for (at, principal) in of_kind(Kind::User).chain(of_kind(Kind::Role)).enumerate() {
        let mut documents = sources(principal, principals, policies, summaries).documents;
        documents.retain(|it| of(it).is_some_and(Summary::is_about_roles));
        let key = (documents, boundary(principal, policies, summaries));
        let number = match known.get(&key) {
            Some(number) => *number,
            None => {
                let documents: Vec<&Summary> = key.0.iter().filter_map(of).collect();
                let boundary = match key.1 {
                    Boundary::None => Boundary::None,
                    Boundary::Missing => Boundary::Missing,
                    Boundary::Known(it) => of(&it).map_or(Boundary::Missing, Boundary::Known),
                };
                let found = search.permitted(&documents, boundary);
                is_cut |= found.is_none();
                permits.push(found.unwrap_or_default());
                known.insert(key, permits.len() - 1);
                permits.len() - 1
            }
        };
        starts.push(Start {
            arn: &principal.arn,
            role: at.checked_sub(users),
            permits: number,
        });
    }
    let mut graph = Graph::new(&roles, &starts, &permits);
    // The roles come last among the principals, in the same order.
    let mut reaches: Vec<Reach> = (0..starts.len()).map(|it| graph.search(it)).collect();
    for reach in &mut reaches {
        reach.is_cut |= is_cut;
    }
    let mut reaches = reaches.into_iter();
    let of_principals = principals.iter().map(|it| match it.kind {
        Kind::Group => Reach::default(),
        Kind::User | Kind::Role => reaches.next().unwrap_or_default(),
    });
    of_principals.collect()
}
