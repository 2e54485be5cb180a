//! Resources and data sources as they will be after the apply.

use super::address::Address;
use super::kinds;
use super::values::Values;
use crate::tree::Node;

/// An instance of a resource.
#[derive(Clone, Debug)]
pub(super) struct Resource<'s> {
    /// The address as the plan has it.
    pub(super) name: &'s str,
    pub(super) address: Address<'s>,
    pub(super) values: Values<'s>,
}

/// The resources of all sections of a plan. The changes come first, because only they say which
/// values are unknown.
pub(super) fn all<'s>(root: &'s Node<'s>) -> Vec<Resource<'s>> {
    let changes = root.entries_of("resource_changes").iter();
    let deferred = root.entries_of("deferred_changes").iter();
    let mut resources: Vec<Resource<'s>> = changes
        .chain(deferred.filter_map(|change| change.get("resource_change")))
        .filter_map(Resource::of_change)
        .collect();
    for path in [["planned_values", "root_module"], ["values", "root_module"]] {
        if let Some(module) = root.at(&path) {
            planned(module, &mut resources);
        }
    }
    resources
}

impl<'s> Resource<'s> {
    fn of_change(change: &'s Node<'s>) -> Option<Self> {
        let after = change.at(&["change", "after"])?;
        let is_deleted = after.is_null() || change.get("deposed").is_some();
        if is_deleted {
            return None;
        }
        let unknown = change.at(&["change", "after_unknown"]);
        Self::new(change, Values::changed(after, unknown))
    }

    fn new(described: &'s Node<'s>, values: Values<'s>) -> Option<Self> {
        let kind = described.get("type")?.text()?;
        if !kinds::is_read(kind) {
            return None;
        }
        let name = described.get("address").and_then(Node::text);
        let name = name.unwrap_or(kind);
        let is_data = described.get("mode").and_then(Node::text) == Some("data");
        let mut address = Address::parse(name).unwrap_or_else(|| Address::unusual(name));
        // The type counts rather than the address, so that nothing is left out.
        address.local.kind = kind;
        address.local.is_data = is_data;
        Some(Self {
            name,
            address,
            values,
        })
    }
}

/// The resources of a module and its child modules in `planned_values`, which leaves out unknown
/// values.
fn planned<'s>(module: &'s Node<'s>, resources: &mut Vec<Resource<'s>>) {
    let own = module.entries_of("resources").iter();
    resources.extend(
        own.filter_map(|resource| {
            Resource::new(resource, Values::partial(resource.get("values")?))
        }),
    );
    for child in module.entries_of("child_modules") {
        planned(child, resources);
    }
}
