//! The shapes of GitHub's answers: every field that its own description requires.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::call::Call;
use super::objects::{Oid, Person};
use super::repo::Repo;
use super::runs::{Job, Run};
use super::workflows::Workflow;
use crate::plane::iso;
use crate::wire::{Reply, Request};

pub(crate) fn node_id(kind: &str, name: impl std::fmt::Display) -> String {
    STANDARD.encode(format!("{kind}:{name}"))
}

/// The date of a moment, in UTC.
pub(crate) fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

pub(crate) fn linked(reply: Reply, link: Option<String>) -> Reply {
    match link {
        Some(link) => reply.with("link", link),
        None => reply,
    }
}

/// Whether a client asks for the bytes themselves.
pub(crate) fn wants_raw(request: &Request) -> bool {
    request.header("accept").is_some_and(|accept| accept.contains("vnd.github") && accept.contains("raw"))
}

pub(crate) fn user(base: &str, login: &str) -> Value {
    let url = format!("{base}/users/{login}");
    let mut user = Map::new();
    for part in [
        "events",
        "followers",
        "following",
        "gists",
        "organizations",
        "received_events",
        "repos",
        "starred",
        "subscriptions",
    ] {
        let name = if part == "organizations" { "orgs" } else { part };
        user.insert(format!("{part}_url"), json!(format!("{url}/{name}")));
    }
    user.extend([
        ("login".into(), json!(login)),
        ("id".into(), json!(1)),
        ("node_id".into(), json!(node_id("U", login))),
        ("avatar_url".into(), json!(format!("{base}/avatars/{login}"))),
        ("gravatar_id".into(), json!("")),
        ("url".into(), json!(url)),
        ("html_url".into(), json!(format!("{base}/{login}"))),
        ("type".into(), json!("User")),
        ("site_admin".into(), json!(false)),
    ]);
    Value::Object(user)
}

/// The links that every form of a repository has.
const LINKS: [(&str, &str); 37] = [
    ("archive_url", "{archive_format}{/ref}"),
    ("assignees_url", "assignees{/user}"),
    ("blobs_url", "git/blobs{/sha}"),
    ("branches_url", "branches{/branch}"),
    ("collaborators_url", "collaborators{/collaborator}"),
    ("comments_url", "comments{/number}"),
    ("commits_url", "commits{/sha}"),
    ("compare_url", "compare/{base}...{head}"),
    ("contents_url", "contents/{+path}"),
    ("contributors_url", "contributors"),
    ("deployments_url", "deployments"),
    ("downloads_url", "downloads"),
    ("events_url", "events"),
    ("forks_url", "forks"),
    ("git_commits_url", "git/commits{/sha}"),
    ("git_refs_url", "git/refs{/sha}"),
    ("git_tags_url", "git/tags{/sha}"),
    ("hooks_url", "hooks"),
    ("issue_comment_url", "issues/comments{/number}"),
    ("issue_events_url", "issues/events{/number}"),
    ("issues_url", "issues{/number}"),
    ("keys_url", "keys{/key_id}"),
    ("labels_url", "labels{/name}"),
    ("languages_url", "languages"),
    ("merges_url", "merges"),
    ("milestones_url", "milestones{/number}"),
    ("notifications_url", "notifications{?since,all,participating}"),
    ("pulls_url", "pulls{/number}"),
    ("releases_url", "releases{/id}"),
    ("stargazers_url", "stargazers"),
    ("statuses_url", "statuses/{sha}"),
    ("subscribers_url", "subscribers"),
    ("subscription_url", "subscription"),
    ("tags_url", "tags"),
    ("teams_url", "teams"),
    ("trees_url", "git/trees{/sha}"),
    ("url", ""),
];

pub(crate) fn repository_node_id(repo: &Repo) -> String {
    node_id("R", repo.id)
}

/// A repository as it stands within a run.
pub(crate) fn short_repository(base: &str, repo: &Repo) -> Map<String, Value> {
    let url = format!("{base}/repos/{}", repo.full_name());
    let link = |(name, rest): (&str, &str)| {
        let whole = if rest.is_empty() { url.clone() } else { format!("{url}/{rest}") };
        (name.to_owned(), json!(whole))
    };
    let mut shape: Map<String, Value> = LINKS.into_iter().map(link).collect();
    shape.extend([
        ("id".into(), json!(repo.id)),
        ("node_id".into(), json!(repository_node_id(repo))),
        ("name".into(), json!(repo.name)),
        ("full_name".into(), json!(repo.full_name())),
        ("owner".into(), user(base, &repo.owner)),
        ("private".into(), json!(true)),
        ("html_url".into(), json!(format!("{base}/{}", repo.full_name()))),
        ("description".into(), Value::Null),
        ("fork".into(), json!(false)),
    ]);
    shape
}

/// `GET repos/{owner}/{repo}`.
pub(crate) fn repository(call: &Call<'_>) -> Value {
    let repo = &*call.repo;
    let mut shape = short_repository(call.base, repo);
    let web = format!("{}/{}", call.base, repo.full_name());
    for name in
        ["forks", "forks_count", "open_issues", "open_issues_count", "size", "stargazers_count", "watchers"]
    {
        shape.insert(name.into(), json!(0));
    }
    for name in ["watchers_count", "network_count", "subscribers_count"] {
        shape.insert(name.into(), json!(0));
    }
    for name in ["has_projects", "has_wiki", "has_pages", "has_discussions", "archived", "disabled"] {
        shape.insert(name.into(), json!(false));
    }
    for name in ["homepage", "language", "mirror_url", "license"] {
        shape.insert(name.into(), Value::Null);
    }
    shape.extend([
        ("has_issues".into(), json!(true)),
        ("default_branch".into(), json!(repo.default_branch)),
        ("clone_url".into(), json!(format!("{web}.git"))),
        ("git_url".into(), json!(format!("{web}.git"))),
        ("ssh_url".into(), json!(format!("git@stage.invalid:{}.git", repo.full_name()))),
        ("svn_url".into(), json!(web)),
        ("created_at".into(), json!(iso(repo.created))),
        ("updated_at".into(), json!(iso(repo.created))),
        ("pushed_at".into(), json!(iso(repo.created))),
    ]);
    Value::Object(shape)
}

pub(crate) fn workflow(call: &Call<'_>, workflow: &Workflow) -> Value {
    let (url, web) = (call.url(), format!("{}/{}", call.base, call.repo.full_name()));
    json!({
        "id": workflow.id,
        "node_id": node_id("W", workflow.id),
        "name": workflow.name(),
        "path": workflow.path,
        "state": workflow.state.name(),
        "created_at": iso(workflow.created),
        "updated_at": iso(workflow.updated),
        "url": format!("{url}/actions/workflows/{}", workflow.id),
        "html_url": format!("{web}/blob/{}/{}", call.repo.default_branch, workflow.path),
        "badge_url": format!("{web}/workflows/{}/badge.svg", workflow.id),
    })
}

pub(crate) fn run(call: &Call<'_>, run: &Run) -> Value {
    let url = format!("{}/actions/runs/{}", call.url(), run.id);
    let actor = user(call.base, &call.repo.owner);
    let repository = Value::Object(short_repository(call.base, call.repo));
    let commit = call.repo.objects.commit(run.head).map(|commit| {
        json!({
            "id": run.head.to_string(),
            "tree_id": commit.tree.to_string(),
            "message": commit.message,
            "timestamp": iso(commit.committer.at),
            "author": { "name": commit.author.name, "email": commit.author.email },
            "committer": { "name": commit.committer.name, "email": commit.committer.email },
        })
    });
    json!({
        "id": run.id,
        "name": run.name,
        "node_id": node_id("WFR", run.id),
        "check_suite_id": run.id,
        "check_suite_node_id": node_id("CS", run.id),
        "head_branch": run.branch,
        "head_sha": run.head.to_string(),
        "path": run.path,
        "run_number": run.number,
        "run_attempt": run.attempt,
        "referenced_workflows": [],
        "display_title": run.title,
        "event": run.event,
        "status": run.status.name(),
        "conclusion": run.status.conclusion(),
        "workflow_id": run.workflow_id,
        "url": url,
        "html_url": format!("{}/{}/actions/runs/{}", call.base, call.repo.full_name(), run.id),
        "pull_requests": [],
        "created_at": iso(run.created),
        "updated_at": iso(run.updated),
        "run_started_at": iso(run.started),
        "actor": actor,
        "triggering_actor": actor,
        "jobs_url": format!("{url}/jobs"),
        "logs_url": format!("{url}/logs"),
        "check_suite_url": format!("{}/check-suites/{}", call.url(), run.id),
        "artifacts_url": format!("{url}/artifacts"),
        "cancel_url": format!("{url}/cancel"),
        "rerun_url": format!("{url}/rerun"),
        "previous_attempt_url": null,
        "workflow_url": format!("{}/actions/workflows/{}", call.url(), run.workflow_id),
        "head_commit": commit,
        "repository": repository,
        "head_repository": repository,
    })
}

pub(crate) fn job(call: &Call<'_>, run: &Run, job: &Job) -> Value {
    let url = call.url();
    json!({
        "id": job.id,
        "run_id": run.id,
        "run_url": format!("{url}/actions/runs/{}", run.id),
        "run_attempt": run.attempt,
        "node_id": node_id("CR", job.id),
        "head_sha": run.head.to_string(),
        "head_branch": run.branch,
        "url": format!("{url}/actions/jobs/{}", job.id),
        "html_url": format!("{}/{}/actions/runs/{}/job/{}", call.base, call.repo.full_name(), run.id, job.id),
        "status": job.status.name(),
        "conclusion": job.status.conclusion(),
        "created_at": iso(run.created),
        "started_at": iso(job.started),
        "completed_at": job.completed.map(iso),
        "name": job.name,
        "workflow_name": run.name,
        "steps": [],
        "check_run_url": format!("{url}/check-runs/{}", job.id),
        "labels": ["ubuntu-latest"],
        "runner_id": 1,
        "runner_name": "stage",
        "runner_group_id": 1,
        "runner_group_name": "stage",
    })
}

fn person(person: &Person) -> Value {
    json!({ "name": person.name, "email": person.email, "date": iso(person.at) })
}

/// A commit as the Git database shows it; none where there is no such commit.
pub(crate) fn git_commit(call: &Call<'_>, oid: Oid) -> Option<Value> {
    let commit = call.repo.objects.commit(oid)?;
    let (url, web) = (call.url(), format!("{}/{}", call.base, call.repo.full_name()));
    let parent = |parent: &Oid| {
        let (sha, html) = (parent.to_string(), format!("{web}/commit/{parent}"));
        json!({ "sha": sha, "url": format!("{url}/git/commits/{parent}"), "html_url": html })
    };
    let parents: Vec<Value> = commit.parents.iter().map(parent).collect();
    Some(json!({
        "sha": oid.to_string(),
        "node_id": node_id("C", oid),
        "url": format!("{url}/git/commits/{oid}"),
        "html_url": format!("{web}/commit/{oid}"),
        "author": person(&commit.author),
        "committer": person(&commit.committer),
        "tree": { "sha": commit.tree.to_string(), "url": format!("{url}/git/trees/{}", commit.tree) },
        "message": commit.message,
        "parents": parents,
        "verification": {
            "verified": false, "reason": "unsigned", "signature": null, "payload": null, "verified_at": null,
        },
    }))
}
