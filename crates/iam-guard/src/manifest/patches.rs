//! The patches of a composition, which set attributes when the cluster makes the resource.

use super::resources::{Holds, Service};
use super::{Finder, Place, name};
use crate::tree::Node;

/// What patches the resources at a place.
#[derive(Clone, Default)]
pub(super) struct Patches<'s> {
    /// Lists of patches that have names.
    sets: Option<&'s Node<'s>>,
    /// The patches of the resource, in lists.
    own: Vec<&'s Node<'s>>,
}

impl<'s> Patches<'s> {
    pub(super) fn within(&self, node: &'s Node<'s>) -> Self {
        let of_base = node.get("base").and_then(|_| node.get("patches"));
        // A manifest inside an object of Crossplane's provider for Kubernetes.
        let inside = node.at(&["spec", "forProvider", "manifest"]);
        let of_object = inside.and_then(|_| node.at(&["spec", "references"]));
        let own = self.own.iter().copied().chain(of_base).chain(of_object);
        Self {
            sets: node.get("patchSets").or(self.sets),
            own: own.collect(),
        }
    }

    /// All patches, with those of the sets that they name; `None` stands for a set that is not
    /// here.
    fn all(&self) -> Vec<(&'s Node<'s>, Option<&'s Node<'s>>)> {
        let mut all = Vec::new();
        for patch in self.own.iter().flat_map(|it| it.entries()) {
            let Some(wanted) = patch.get("patchSetName") else {
                all.push((patch, Some(patch)));
                continue;
            };
            let mut sets = self.sets.map(Node::entries).unwrap_or_default().iter();
            let is_wanted = |it: &&Node<'_>| it.get("name").and_then(Node::text) == wanted.text();
            match sets.find(is_wanted) {
                Some(set) => {
                    let inner = set.entries_of("patches").iter();
                    all.extend(inner.map(|inner| (patch, Some(inner))));
                }
                None => all.push((patch, None)),
            }
        }
        all
    }
}

/// The field of the resource that a patch sets; `None` if it sets none.
fn field<'s>(patch: &'s Node<'s>) -> Option<&'s str> {
    let kind = patch.get("type").and_then(Node::text).unwrap_or_default();
    if kind.starts_with("To") || kind.starts_with("CombineTo") {
        return None;
    }
    let field = patch.get("toFieldPath").or(patch.get("fromFieldPath"));
    field.and_then(Node::text)
}

/// The parts of a path such as `spec.forProvider.inlinePolicy[0]["policy"]`.
fn keys(path: &str) -> impl Iterator<Item = &str> {
    let keys = path.split(['.', '[', ']', '"', '\'']);
    keys.filter(|key| !key.is_empty())
}

/// What a field has: an attribute, or the whole resource.
enum Sets {
    Attribute(Holds),
    Whole,
    Nothing,
}

fn sets(service: Service, path: &str) -> Sets {
    let outer = ["manifest", "spec", "forProvider", "initProvider", "*"];
    let mut inner = keys(path).skip_while(|key| outer.contains(key));
    match inner.next() {
        None | Some("apiVersion" | "kind") => Sets::Whole,
        Some(key) => service.holds(key).map_or(Sets::Nothing, Sets::Attribute),
    }
}

impl<'s> Finder<'s> {
    /// Names what the patches of a composition set in a resource.
    pub(super) fn patched(&mut self, service: Service, node: &'s Node<'s>, place: &Place<'s>) {
        let name = name(node, "manifest");
        for (at, patch) in place.patches.all() {
            let span = at.span.clone();
            let Some(patch) = patch else {
                let reason = "a set of patches that is not here can set the policy";
                self.unknown(name, span, reason);
                continue;
            };
            let Some(path) = field(patch) else { continue };
            let managed = self.managed;
            match sets(service, path) {
                Sets::Nothing => {}
                Sets::Attribute(Holds::Attachments) => {
                    managed.attach(&mut self.found, name, span, None);
                }
                Sets::Attribute(Holds::Named(reason)) => {
                    self.found.not_judged(name, span, reason);
                }
                Sets::Attribute(_) | Sets::Whole => {
                    let reason =
                        format!("a patch sets `{path}` when the cluster makes the resource");
                    self.unknown(name, span, reason);
                }
            }
        }
    }
}
