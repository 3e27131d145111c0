//! Joins the growth of mappings of deleted files. Each such file has another name
//! (`/tmp/#10013812 (deleted)`), so many similar mappings are shown as one.

use std::collections::BTreeMap;

use super::growth::GroupGrowth;

/// The kernel adds this to the name of a deleted file.
const MARK: &str = " (deleted)";

/// Up to this number, similar files are listed one by one.
const MAX_LISTED: usize = 3;

/// Joins groups that differ only in the name of a deleted file in the same directory, if there are
/// many.
pub(super) fn join_deleted(groups: Vec<GroupGrowth>) -> Vec<GroupGrowth> {
    let mut deleted: BTreeMap<_, Vec<GroupGrowth>> = BTreeMap::new();
    let mut rest = Vec::new();
    for group in groups {
        match group.name.strip_suffix(MARK).and_then(|path| path.rsplit_once('/')) {
            Some((directory, _)) => {
                let access = (group.permissions.clone(), group.flags.clone());
                deleted.entry((group.kind, directory.to_owned(), access)).or_default().push(group);
            }
            None => rest.push(group),
        }
    }
    for (_, similar) in deleted {
        match similar.len() {
            ..=MAX_LISTED => rest.extend(similar),
            _ => rest.extend(sum(similar)),
        }
    }
    rest
}

fn sum(similar: Vec<GroupGrowth>) -> Option<GroupGrowth> {
    let name = common_prefix(similar.iter().map(|group| group.name.as_str()));
    let mut sum = similar.into_iter().reduce(|sum, group| GroupGrowth {
        live: sum.live.saturating_add(group.live),
        reserved: sum.reserved.saturating_add(group.reserved),
        virtual_size: sum.virtual_size.saturating_add(group.virtual_size),
        mappings: sum.mappings.saturating_add(group.mappings),
        ..sum
    })?;
    sum.name = name + "…" + MARK;
    Some(sum)
}

/// The common prefix of the names, without trailing digits.
fn common_prefix<'a>(mut names: impl Iterator<Item = &'a str>) -> String {
    let first = names.next().unwrap_or_default();
    let common = names.fold(first, |common, name| {
        let same = common.char_indices().zip(name.chars()).find(|((_, a), b)| a != b);
        let end = same.map_or(common.len().min(name.len()), |((at, _), _)| at);
        &common[..end]
    });
    common.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned()
}
