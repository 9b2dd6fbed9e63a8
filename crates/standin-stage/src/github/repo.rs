//! One repository: its objects and refs, its workflows and their runs.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;

use super::call::{Ids, Refusal};
use super::objects::{Commit, Entry, Object, Objects, Oid, Person};
use super::runs::Run;
use super::workflows::{Definition, Workflow, WorkflowState};

/// How the lists of runs that are filtered answer.
#[derive(Debug, Clone, Default)]
pub(crate) enum FilteredLists {
    /// As everything is.
    #[default]
    Live,
    /// As everything was when this was asked for.
    Frozen(BTreeMap<u64, Run>),
    /// With nothing.
    Empty,
}

#[derive(Debug)]
pub(crate) struct Repo {
    pub(crate) id: u64,
    pub(crate) owner: String,
    pub(crate) name: String,
    pub(crate) default_branch: String,
    pub(crate) created: Timestamp,
    pub(crate) objects: Objects,
    /// By full name, such as `refs/heads/main`.
    pub(crate) refs: BTreeMap<String, Oid>,
    /// By path, such as `.github/workflows/ci.yml`.
    pub(crate) workflows: BTreeMap<String, Workflow>,
    pub(crate) runs: BTreeMap<u64, Run>,
    pub(crate) filtered_lists: FilteredLists,
    /// Runs that are to be started once the world is unlocked.
    pub(crate) to_start: Vec<u64>,
    /// Runs that are to be stopped once the world is unlocked.
    pub(crate) to_stop: Vec<u64>,
}

/// A file with its mode, as it is to be committed.
pub(crate) struct NewFile {
    pub(crate) mode: &'static str,
    pub(crate) data: Bytes,
}

impl Repo {
    pub(crate) fn new(
        full_name: &str,
        default_branch: &str,
        files: BTreeMap<String, NewFile>,
        ids: &mut Ids,
        now: Timestamp,
    ) -> Self {
        let (owner, name) = full_name.split_once('/').unwrap_or(("owner", full_name));
        let mut repo = Self {
            id: ids.next(),
            owner: owner.to_owned(),
            name: name.to_owned(),
            default_branch: default_branch.to_owned(),
            created: now,
            objects: Objects::default(),
            refs: BTreeMap::new(),
            workflows: BTreeMap::new(),
            runs: BTreeMap::new(),
            filtered_lists: FilteredLists::Live,
            to_start: Vec::new(),
            to_stop: Vec::new(),
        };
        let mut entries = BTreeMap::new();
        for (path, file) in files {
            let oid = repo.objects.put(Object::Blob(file.data));
            entries.insert(path, Entry { mode: file.mode.to_owned(), oid });
        }
        let tree = repo.objects.build(&entries);
        let person = repo.person(now);
        let first = Commit {
            tree,
            parents: Vec::new(),
            author: person.clone(),
            committer: person,
            message: "Begin".to_owned(),
        };
        let oid = repo.objects.put(Object::Commit(first));
        repo.refs.insert(format!("refs/heads/{default_branch}"), oid);
        repo.read_workflows(ids, now);
        repo
    }

    pub(crate) fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    pub(crate) fn person(&self, at: Timestamp) -> Person {
        let email = format!("{}@users.noreply.invalid", self.owner);
        Person { name: self.owner.clone(), email, at }
    }

    /// The commit that a branch, tag, full ref name or commit id stands for.
    pub(crate) fn resolve(&self, name: &str) -> Option<Oid> {
        let names = [
            name.to_owned(),
            format!("refs/{name}"),
            format!("refs/heads/{name}"),
            format!("refs/tags/{name}"),
        ];
        let named = names.iter().find_map(|name| self.refs.get(name).copied());
        named.or_else(|| name.parse().ok()).filter(|oid| self.objects.commit(*oid).is_some())
    }

    pub(crate) fn head(&self) -> Option<Oid> {
        self.resolve(&format!("refs/heads/{}", self.default_branch))
    }

    /// Points a ref somewhere, or removes it, and reads the workflows again where the default branch moved.
    pub(crate) fn set_ref(&mut self, name: &str, to: Option<Oid>, ids: &mut Ids, now: Timestamp) {
        match to {
            Some(oid) => self.refs.insert(name.to_owned(), oid),
            None => self.refs.remove(name),
        };
        if name.strip_prefix("refs/heads/") == Some(self.default_branch.as_str()) {
            self.read_workflows(ids, now);
        }
    }

    /// The definition of a workflow as it is in a commit.
    pub(crate) fn definition(&self, commit: Oid, path: &str) -> Option<Definition> {
        let entry = self.objects.find(commit, path)?;
        let text = self.objects.blob(entry.oid)?;
        Some(Definition::read(&String::from_utf8_lossy(text)))
    }

    /// The workflows are the files of the default branch. One that is gone keeps its runs, and is gone from the list.
    fn read_workflows(&mut self, ids: &mut Ids, now: Timestamp) {
        let Some(head) = self.head() else { return };
        let folder = self.objects.find(head, WORKFLOWS).and_then(|entry| self.objects.tree(entry.oid));
        let entries = folder.map(|(_, entries)| entries.clone()).unwrap_or_default();
        let mut workflows = BTreeMap::new();
        for (file, entry) in entries {
            if !(file.ends_with(".yml") || file.ends_with(".yaml")) {
                continue;
            }
            let path = format!("{WORKFLOWS}/{file}");
            let Some(definition) = self.definition(head, &path) else { continue };
            let known = self.workflows.remove(&path);
            let mut workflow = known.unwrap_or_else(|| Workflow {
                id: ids.next(),
                path: path.clone(),
                state: WorkflowState::Active,
                created: now,
                updated: now,
                definition: definition.clone(),
                blob: entry.oid,
                script: None,
            });
            if workflow.blob != entry.oid {
                (workflow.definition, workflow.blob, workflow.updated) = (definition, entry.oid, now);
            }
            workflows.insert(path, workflow);
        }
        self.workflows = workflows;
    }

    /// A workflow by its number, its file's name, or its path.
    pub(crate) fn workflow(&self, key: &str) -> Option<&Workflow> {
        let id = key.parse().ok();
        self.workflows
            .values()
            .find(|workflow| Some(workflow.id) == id || workflow.path == key || workflow.file() == key)
    }

    pub(crate) fn workflow_mut(&mut self, key: &str) -> Result<&mut Workflow, Refusal> {
        let path = self.workflow(key).map(|workflow| workflow.path.clone());
        path.and_then(|path| self.workflows.get_mut(&path)).ok_or_else(super::call::not_found)
    }
}

pub(crate) const WORKFLOWS: &str = ".github/workflows";
