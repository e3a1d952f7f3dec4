//! What is wrong between specs, and only shows when all of them are known: two ids or outputs alike,
//! quotas, pictures of assets that do not exist, cycles.

use std::collections::{BTreeMap, BTreeSet};

use crate::manifest::Manifest;
use crate::spec::Spec;
use base::diagnostic::{Diagnostic, count, list};
use base::fs::{FsError, shown};
use base::path::ProjectPath;
use base::world::World;

/// The most of a file that is looked at to see whose it is, in bytes.
const MAX_INDEX_BYTES: u64 = 512 << 20;

/// What only shows when all specs are known.
pub fn cross_check(
    manifest: &Manifest,
    world: &World,
    specs: &[Spec],
    problems: &mut Vec<Diagnostic>,
) {
    let index = manifest.project.index();
    let (ids, outputs) = names(&index, world, specs, problems);
    nested(&index, &outputs, problems);
    problems.extend(in_place_of_the_index(manifest, world));
    quotas(manifest, specs, problems);
    taken(specs, &ids, problems);
    if let Some(cycle) = cycle(specs) {
        let shown = cycle.join(" -> ");
        let place = cycle.first().and_then(|id| ids.get(id.as_str()));
        problems.push(
            Diagnostic::error(format!("cyclic reference: {shown}"))
                .maybe_at(place.map(|spec| spec.place.clone()))
                .hint("an asset cannot take, by way of others, its own picture"),
        );
    }
}

/// Specs by something that no two of them may have alike.
type By<'a, Name> = BTreeMap<Name, &'a Spec>;

/// The specs by id and by output; what two of them have alike, or somebody else has already, is told.
fn names<'a>(
    index: &ProjectPath,
    world: &World,
    specs: &'a [Spec],
    problems: &mut Vec<Diagnostic>,
) -> (By<'a, &'a str>, By<'a, String>) {
    let mut ids: By<'a, &'a str> = BTreeMap::new();
    let mut outputs: By<'a, String> = BTreeMap::new();
    let mut folders: BTreeSet<&str> = BTreeSet::new();
    let folded_index = index.folded();
    for spec in specs {
        if let Some(first) = ids.insert(&spec.id, spec) {
            problems.push(same_id(first, spec));
            continue;
        }
        if let Some(first) = outputs.insert(spec.output.folded(), spec) {
            problems.push(same_output(first, spec));
        }
        if spec.output.folded() == folded_index {
            problems.push(
                Diagnostic::error(format!(
                    "the output of asset `{}` is `{}`, which is gpbuild's own index",
                    spec.id, spec.output
                ))
                .at(spec.place.clone()),
            );
        }
        if folders.insert(spec.output.parent())
            && let Err(e) = world.root().check_folder(&spec.output)
        {
            problems.push(
                unwritable(&e)
                    .at(spec.place.clone())
                    .for_asset(&spec.id)
                    .hint("outputs go to a folder of the project: `[project] out = \"…\"` names another one"),
            );
        }
    }
    (ids, outputs)
}

/// Why outputs cannot go to their folder, and what is in the way.
fn unwritable(error: &FsError) -> Diagnostic {
    match error {
        FsError::NotAFolder { path } => {
            let path = shown(path);
            Diagnostic::error(format!("`{path}` is a file, and outputs go into that folder"))
                .hint(format!("move `{path}` out of the way"))
        }
        FsError::Outside { path, target } if !path.exists() => {
            let (path, target) = (shown(path), shown(target));
            Diagnostic::error(format!(
                "`{path}` is a symbolic link to `{target}`, where nothing is"
            ))
            .hint(format!("remove the link `{path}`, or make what it leads to"))
        }
        FsError::Outside { .. } | FsError::Link { .. } => Diagnostic::error(error.to_string())
            .hint("gpbuild writes nowhere else: remove the link, or let it lead to a folder of the project"),
        _ => Diagnostic::error(error.to_string()),
    }
}

fn same_id(first: &Spec, spec: &Spec) -> Diagnostic {
    let mut problem =
        Diagnostic::error(format!("two assets have the id `{}`", spec.id)).at(spec.place.clone());
    if first.place != spec.place {
        problem = problem.also_at(first.place.clone(), "the other is declared here");
    }
    if let (Some(one), Some(other)) = (&first.item, &spec.item) {
        problem = problem.hint(format!(
            "it comes of `{}` and of `{}`: the `id` must differ for each item of `for_each`",
            one.shown, other.shown
        ));
    }
    problem
}

fn same_output(first: &Spec, spec: &Spec) -> Diagnostic {
    let alike = if first.output == spec.output {
        String::new()
    } else {
        format!(" (`{}` on some systems is the same file)", first.output)
    };
    let problem = Diagnostic::error(format!(
        "assets `{}` and `{}` have the same output: `{}`{alike}",
        first.id, spec.id, spec.output
    ));
    declared_here(problem.at(spec.place.clone()), first)
}

/// Shows where the other one is declared.
fn declared_here(problem: Diagnostic, first: &Spec) -> Diagnostic {
    problem.also_at(
        first.place.clone(),
        format!("`{}` is declared here", first.id),
    )
}

/// A file of somebody else's where the project says that the index is to be.
fn in_place_of_the_index(manifest: &Manifest, world: &World) -> Option<Diagnostic> {
    let index = manifest.project.index.as_ref()?;
    // Not as something that is read: it is written by each run.
    let bytes = world
        .root()
        .read_output(&index.value, MAX_INDEX_BYTES)
        .ok()?;
    let is_ours = String::from_utf8_lossy(&bytes).contains("\"assets\"");
    (!is_ours).then(|| {
        Diagnostic::error(format!(
            "`{}` is there, and is no index of gpbuild's: it would be written over",
            index.value
        ))
        .at(index.place.clone())
        .hint("say another path in `[project] index`, or move that file")
    })
}

/// Outputs that lie in what is itself a file.
fn nested(index: &ProjectPath, outputs: &By<'_, String>, problems: &mut Vec<Diagnostic>) {
    let folded_index = index.folded();
    for (output, spec) in outputs {
        let above = || output.match_indices('/').map(|(at, _)| &output[..at]);
        if let Some(first) = above().find_map(|above| outputs.get(above)) {
            let problem = Diagnostic::error(format!(
                "the output of asset `{}` lies in `{}`, which is the output of `{}`",
                spec.id, first.output, first.id
            ));
            problems.push(declared_here(problem.at(spec.place.clone()), first));
        }
        if above().any(|above| above == folded_index) {
            problems.push(
                Diagnostic::error(format!(
                    "the output of asset `{}` lies in `{index}`, which is gpbuild's own index",
                    spec.id
                ))
                .at(spec.place.clone()),
            );
        }
    }
}

/// Pictures that are taken of assets that have none, or are not there.
fn taken(specs: &[Spec], ids: &By<'_, &str>, problems: &mut Vec<Diagnostic>) {
    for spec in specs {
        for wanted in spec.takes() {
            let found = ids.get(wanted);
            if let Some(bundle) = found.and_then(|found| found.bundle()) {
                let mut problem = Diagnostic::error(format!(
                    "asset `{}` takes the picture of `{wanted}`, which is many slides in one file",
                    spec.id
                ))
                .at(spec.place.clone());
                if let Some(slide) = bundle.slides.first() {
                    problem = problem.hint(format!("name one of the slides, such as `{slide}`"));
                }
                problems.push(problem);
            }
            if found.is_none() {
                problems.push(
                    Diagnostic::error(format!(
                        "asset `{}` takes the picture of `{wanted}`, which does not exist",
                        spec.id
                    ))
                    .at(spec.place.clone())
                    .did_you_mean(wanted, ids.keys().copied()),
                );
            }
        }
    }
}

fn quotas(manifest: &Manifest, specs: &[Spec], problems: &mut Vec<Diagnostic>) {
    for (group, most) in &manifest.quota {
        let members: Vec<&str> = specs
            .iter()
            .filter(|spec| spec.group.as_ref() == Some(group))
            .map(|spec| spec.id.as_str())
            .collect();
        if members.len() > most.value as usize {
            problems.push(
                Diagnostic::error(format!(
                    "group `{group}` has {}, its quota is {}: {}",
                    count(members.len(), "asset"),
                    most.value,
                    list(&members)
                ))
                .at(most.place.clone()),
            );
        }
    }
    for spec in specs {
        if let Some(group) = &spec.group
            && !manifest.quota.contains_key(group)
        {
            problems.push(
                Diagnostic::error(format!("there is no `[quota]` for the group `{group}`"))
                    .at(spec.place.clone())
                    .did_you_mean(group, manifest.quota.keys().map(String::as_str))
                    .hint(format!("`[quota] {group} = 3` in gpbuild.toml"))
                    .for_asset(&spec.id),
            );
        }
    }
}

/// The first cycle among assets that take each other's pictures: `a`, `b`, `a`.
fn cycle(specs: &[Spec]) -> Option<Vec<String>> {
    let edges: BTreeMap<&str, Vec<&str>> = specs
        .iter()
        .map(|spec| (spec.id.as_str(), spec.takes().collect::<Vec<_>>()))
        .filter(|(_, takes)| !takes.is_empty())
        .collect();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    for &start in edges.keys() {
        // An explicit stack: a series of "previous" is as deep as the carousel is long.
        let mut stack: Vec<(&str, usize)> = vec![(start, 0)];
        while let Some((at, next)) = stack.pop() {
            let Some(&to) = edges.get(at).and_then(|takes| takes.get(next)) else {
                done.insert(at);
                continue;
            };
            stack.push((at, next + 1));
            if let Some(from) = stack.iter().position(|(id, _)| *id == to) {
                let mut path: Vec<String> = stack[from..]
                    .iter()
                    .map(|(id, _)| (*id).to_owned())
                    .collect();
                path.push(to.to_owned());
                return Some(path);
            }
            if !done.contains(to) {
                stack.push((to, 0));
            }
        }
    }
    None
}
