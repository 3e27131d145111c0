//! Mappings of files that were deleted, or never had a name: each is called otherwise
//! (`/tmp/#10013812 (deleted)`), so that many alike are told as one.

use std::collections::BTreeMap;

use super::GroupGrowth;

/// What the kernel adds to the name.
const MARK: &str = " (deleted)";

/// So many alike are worth names of their own.
const FEW: usize = 3;

/// Joins those that only differ by the name of a deleted file in the same folder, if they are many.
pub(super) fn joined(groups: Vec<GroupGrowth>) -> Vec<GroupGrowth> {
    let mut deleted: BTreeMap<_, Vec<GroupGrowth>> = BTreeMap::new();
    let mut rest = Vec::new();
    for group in groups {
        match group.name.strip_suffix(MARK).and_then(|path| path.rsplit_once('/')) {
            Some((folder, _)) => {
                let looks = (group.permissions.clone(), group.flags.clone());
                deleted.entry((group.kind, folder.to_owned(), looks)).or_default().push(group);
            }
            None => rest.push(group),
        }
    }
    for (_, alike) in deleted {
        match alike.len() {
            ..=FEW => rest.extend(alike),
            _ => rest.extend(sum(alike)),
        }
    }
    rest
}

fn sum(alike: Vec<GroupGrowth>) -> Option<GroupGrowth> {
    let name = common(alike.iter().map(|group| group.name.as_str()));
    let mut sum = alike.into_iter().reduce(|sum, group| GroupGrowth {
        live: sum.live.saturating_add(group.live),
        reserved: sum.reserved.saturating_add(group.reserved),
        virtual_size: sum.virtual_size.saturating_add(group.virtual_size),
        mappings: sum.mappings.saturating_add(group.mappings),
        ..sum
    })?;
    sum.name = name + "…" + MARK;
    Some(sum)
}

/// How all of them begin, without the first digits of a number.
fn common<'a>(mut names: impl Iterator<Item = &'a str>) -> String {
    let first = names.next().unwrap_or_default();
    let common = names.fold(first, |common, name| {
        let same = common.char_indices().zip(name.chars()).find(|((_, a), b)| a != b);
        let end = same.map_or(common.len().min(name.len()), |((at, _), _)| at);
        &common[..end]
    });
    common.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned()
}
