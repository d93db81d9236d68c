//! A code host that speaks as much of GitHub and of GitLab as the scripts need.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::script::Script;
use crate::harness::{Tree, runtime};

/// The token that is let in, and whose it is.
const TOKEN: &str = "ghs_hunter2hunter2hunter2";
pub const BOT: &str = "github-actions[bot]";
/// The repository, and its pull request.
pub const REPOSITORY: &str = "acme/infra";
pub const NUMBER: u64 = 7;
/// The last commit of the pull request, and the commit that merged it.
pub const HEAD: &str = "1111111111111111111111111111111111111111";
pub const MERGE: &str = "2222222222222222222222222222222222222222";
/// How many items a page has, whatever is asked for.
const PAGE: usize = 3;

/// What happens at a request, instead of what should.
#[derive(Clone)]
pub enum Happening {
    /// It is answered with this status, these headers and this message, and nothing is done.
    Refused(u16, Vec<(&'static str, String)>, &'static str),
    /// It is done, and answered with an error.
    DoneButFails,
    /// It is done, and just before it a later run comments the same.
    RivalBefore,
    /// It is done, and just after it a later run comments the same.
    RivalAfter,
    /// Somebody deletes all comments before it.
    Deleted,
}

impl Happening {
    pub fn refused(status: u16, message: &'static str) -> Self {
        Self::Refused(status, Vec::new(), message)
    }
}

/// A comment, a note or an issue.
#[derive(Debug, Clone)]
pub struct Post {
    pub id: u64,
    pub author: String,
    pub title: String,
    pub text: String,
    pub is_open: bool,
    pub is_pull_request: bool,
}

/// What there is on the host.
pub struct Content {
    pub comments: Vec<Post>,
    pub issues: Vec<Post>,
    /// The answers to what a commit merged, to which runs a workflow had, and to their artifacts.
    pub pull_requests: Vec<Value>,
    pub runs: Vec<Value>,
    pub artifacts: BTreeMap<u64, (&'static str, Vec<u8>)>,
    /// What happens at the next requests with this method and this part of the path.
    pub happenings: VecDeque<(Method, &'static str, Happening)>,
    pub requests: Vec<String>,
    /// The longest text that is accepted, in characters.
    pub longest: usize,
    next: u64,
}

/// The host, listening on this machine.
pub struct CodeHost {
    content: Arc<Mutex<Content>>,
    origin: String,
    _runtime: Runtime,
}

impl CodeHost {
    pub fn new() -> Self {
        let content = Arc::new(Mutex::new(Content {
            comments: Vec::new(),
            issues: Vec::new(),
            pull_requests: vec![pull_request(REPOSITORY)],
            runs: Vec::new(),
            artifacts: BTreeMap::new(),
            happenings: VecDeque::new(),
            requests: Vec::new(),
            longest: 65_536,
            next: 1,
        }));
        let runtime = runtime();
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&content));
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self {
            content,
            origin,
            _runtime: runtime,
        }
    }

    /// What there is, to look at and to change.
    pub fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap()
    }

    /// Somebody comments.
    pub fn comment(&self, author: &str, text: &str) {
        let post = self.content().post(author, "", text);
        self.content().comments.push(post);
    }

    /// Somebody opens an issue.
    pub fn issue(&self, author: &str, text: &str) {
        let post = self.content().post(author, "an issue", text);
        self.content().issues.push(post);
    }

    /// What happens at the next request of this kind.
    pub fn next(&self, method: Method, part: &'static str, happening: Happening) {
        let happening = (method, part, happening);
        self.content().happenings.push_back(happening);
    }

    /// The texts of an author's comments.
    pub fn texts_of(&self, author: &str) -> Vec<String> {
        let content = self.content();
        let comments = content.comments.iter();
        let theirs = comments.filter(|comment| comment.author == author);
        theirs.map(|comment| comment.text.clone()).collect()
    }

    /// The only comment of the bot.
    #[track_caller]
    pub fn comment_of_bot(&self) -> String {
        let mut texts = self.texts_of(BOT);
        assert_eq!(texts.len(), 1, "{texts:#?}");
        texts.remove(0)
    }

    /// Lets a script run as a job of GitHub Actions for a pull request of the repository itself.
    pub fn in_pull_request(&self, tree: &Tree, script: Script) -> Script {
        self.for_event(tree, script, "pull_request", REPOSITORY)
    }

    /// The same for a pull request of a fork.
    pub fn in_fork(&self, tree: &Tree, script: Script) -> Script {
        self.for_event(tree, script, "pull_request", "stranger/infra")
    }

    fn for_event(&self, tree: &Tree, script: Script, name: &str, head: &str) -> Script {
        let event = json!({
            "pull_request": pull_request(head),
            "repository": {"default_branch": "main"},
        });
        self.in_job(tree, script, &event)
            .variable("GITHUB_EVENT_NAME", name)
            .variable("GITHUB_REF", "refs/pull/7/merge")
    }

    /// Lets a script run as a job for a push to the default branch.
    pub fn after_merge(&self, tree: &Tree, script: Script) -> Script {
        let event = json!({"repository": {"default_branch": "main"}});
        self.in_job(tree, script, &event)
            .variable("GITHUB_EVENT_NAME", "push")
            .variable("GITHUB_REF", "refs/heads/main")
    }

    fn in_job(&self, tree: &Tree, script: Script, event: &Value) -> Script {
        tree.write(".git/job/event.json", event.to_string());
        let file = |name: &str| tree.root().join(".git/job").join(name).to_string();
        script
            .variable("GITHUB_ACTIONS", "true")
            .variable("GITHUB_REPOSITORY", REPOSITORY)
            .variable("GITHUB_SHA", MERGE)
            .variable("GITHUB_RUN_ID", "100")
            .variable("GITHUB_EVENT_PATH", file("event.json"))
            .variable("GITHUB_OUTPUT", file("output"))
            .variable("GITHUB_PATH", file("path"))
            .variable("GITHUB_STEP_SUMMARY", file("summary"))
            .variable("GITHUB_API_URL", &self.origin)
            .variable("GITHUB_GRAPHQL_URL", format!("{}/graphql", self.origin))
            .variable("GITHUB_TOKEN", TOKEN)
    }

    /// Lets a script run as a job of GitLab CI for a merge request.
    pub fn in_merge_request(&self, script: Script) -> Script {
        script
            .variable("GITLAB_CI", "true")
            .variable("CI_PROJECT_ID", REPOSITORY)
            .variable("CI_MERGE_REQUEST_IID", NUMBER.to_string())
            .variable("CI_COMMIT_SHA", HEAD)
            .variable("CI_PIPELINE_ID", "100")
            .variable("CI_JOB_URL", "https://gitlab.example/acme/infra/-/jobs/5")
            .variable("CI_API_V4_URL", format!("{}/gitlab", self.origin))
            .variable("GITLAB_TOKEN", TOKEN)
    }
}

/// A pull request whose branch is in this repository.
pub fn pull_request(repository: &str) -> Value {
    json!({
        "number": NUMBER, "merge_commit_sha": MERGE, "merged_at": "2026-11-28T08:00:00Z",
        "head": {"sha": HEAD, "ref": "feature", "repo": {"full_name": repository}},
    })
}

impl Content {
    fn post(&mut self, author: &str, title: &str, text: &str) -> Post {
        let id = self.next;
        self.next += 1;
        Post {
            id,
            author: author.to_owned(),
            title: title.to_owned(),
            text: text.to_owned(),
            is_open: true,
            is_pull_request: false,
        }
    }
}

type Shared = State<Arc<Mutex<Content>>>;

async fn answer(State(content): Shared, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let mut content = content.lock().unwrap();
    let path = parts.uri.path().to_owned();
    content
        .requests
        .push(format!("{} {}", parts.method, parts.uri));
    if path.starts_with("/blob/") {
        // The store of artifacts is another service, which must not see the token.
        assert!(parts.headers.get("authorization").is_none());
        let id = path.rsplit('/').next().unwrap().parse().unwrap();
        return content.artifacts[&id].1.clone().into_response();
    }
    let (is_gitlab, path) = match path.strip_prefix("/gitlab") {
        Some(path) => (true, path.to_owned()),
        None => (false, path),
    };
    if !is_let_in(&parts.headers) {
        return refusal(401, &[], "Bad credentials");
    }
    let index = content
        .happenings
        .iter()
        .position(|(method, part, _)| *method == parts.method && path.contains(part));
    let happening = index.and_then(|index| content.happenings.remove(index));
    let happening = happening.map(|(_, _, happening)| happening);
    match &happening {
        Some(Happening::Refused(status, headers, message)) => {
            return refusal(*status, headers, message);
        }
        Some(Happening::Deleted) => content.comments.clear(),
        _ => {}
    }
    let query = parts.uri.query().unwrap_or_default();
    let query: BTreeMap<String, String> = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let call = Call {
        method: parts.method,
        path,
        query,
        body,
        is_gitlab,
    };
    if matches!(happening, Some(Happening::RivalBefore)) {
        call.rival(&mut content);
    }
    let answered = call.answer(&mut content);
    match happening {
        Some(Happening::DoneButFails) => return refusal(502, &[], "Bad gateway"),
        Some(Happening::RivalAfter) => call.rival(&mut content),
        _ => {}
    }
    answered
}

fn is_let_in(headers: &HeaderMap) -> bool {
    let value = |name| headers.get(name).and_then(|value| value.to_str().ok());
    value("authorization") == Some(&format!("Bearer {TOKEN}"))
        || value("private-token") == Some(TOKEN)
}

fn refusal(status: u16, headers: &[(&'static str, String)], message: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    let mut response = (status, json!({"message": message}).to_string()).into_response();
    for (name, value) in headers {
        let headers = response.headers_mut();
        headers.insert(*name, value.parse().unwrap());
    }
    response
}

struct Call {
    method: Method,
    path: String,
    query: BTreeMap<String, String>,
    body: Bytes,
    is_gitlab: bool,
}

impl Call {
    fn answer(&self, content: &mut Content) -> Response {
        let root = if self.is_gitlab {
            "/projects/acme%2Finfra"
        } else {
            "/repos/acme/infra"
        };
        match self.path.as_str() {
            "/graphql" => {
                return json!({"data": {"viewer": {"login": BOT}}})
                    .to_string()
                    .into_response();
            }
            "/user" => return json!({"id": BOT}).to_string().into_response(),
            _ => {}
        }
        let Some(path) = self.path.strip_prefix(root) else {
            return refusal(404, &[], "Not Found");
        };
        let words: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        match words.as_slice() {
            ["issues" | "merge_requests", "7", "comments" | "notes"] => self.comments(content),
            ["issues", "comments", id] | ["merge_requests", "7", "notes", id] => {
                self.one(content, id, |content| &mut content.comments)
            }
            ["issues"] => self.issues(content),
            ["issues", id] => self.one(content, id, |content| &mut content.issues),
            ["commits", MERGE, "pulls"] => self.list(&content.pull_requests),
            ["commits", ..] => self.list(&[]),
            ["repository", "commits", MERGE, "merge_requests"] => self.list(&[
                json!({"iid": 1, "state": "merged", "merge_commit_sha": HEAD}),
                json!({"iid": NUMBER, "state": "merged", "merge_commit_sha": MERGE}),
            ]),
            ["actions", "workflows", "secsync-plan.yml", "runs"] => {
                self.named("workflow_runs", &content.runs)
            }
            ["actions", "runs", _, "artifacts"] => {
                let artifacts: Vec<Value> = content
                    .artifacts
                    .iter()
                    .map(|(id, (name, _))| json!({"id": id, "name": name, "expired": false}))
                    .collect();
                self.named("artifacts", &artifacts)
            }
            ["actions", "artifacts", id, "zip"] => {
                (StatusCode::FOUND, [("location", format!("/blob/{id}"))]).into_response()
            }
            _ => refusal(404, &[], "Not Found"),
        }
    }

    fn field(&self) -> &'static str {
        if self.is_gitlab && !self.path.ends_with("notes") && !self.path.contains("/notes/") {
            "description"
        } else {
            "body"
        }
    }

    fn sent(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Why a text is not accepted.
    fn too_long(&self, content: &Content) -> Option<Response> {
        let sent = self.sent();
        let text = sent[self.field()].as_str()?;
        let is_too_long = text.chars().count() > content.longest;
        is_too_long.then(|| refusal(422, &[], "Validation Failed: body is too long"))
    }

    fn comments(&self, content: &mut Content) -> Response {
        if self.method == Method::GET {
            let posts = self.shown(&content.comments);
            return self.list(&posts);
        }
        if let Some(refused) = self.too_long(content) {
            return refused;
        }
        let post = content.post(BOT, "", self.sent()["body"].as_str().unwrap());
        content.comments.push(post.clone());
        (StatusCode::CREATED, self.shown(&[post])[0].to_string()).into_response()
    }

    fn issues(&self, content: &mut Content) -> Response {
        if self.method == Method::GET {
            let open: Vec<Post> = content
                .issues
                .iter()
                .filter(|issue| issue.is_open)
                .cloned()
                .collect();
            return self.list(&self.shown(&open));
        }
        if let Some(refused) = self.too_long(content) {
            return refused;
        }
        let sent = self.sent();
        let text = sent[self.field()].as_str().unwrap();
        let post = content.post(BOT, sent["title"].as_str().unwrap(), text);
        content.issues.push(post.clone());
        (StatusCode::CREATED, self.shown(&[post])[0].to_string()).into_response()
    }

    /// A later run comments the same.
    fn rival(&self, content: &mut Content) {
        let sent = self.sent();
        let text = sent["body"].as_str().unwrap();
        let text = text.replace("<!-- run:100 -->", "<!-- run:101 -->");
        let post = content.post(BOT, "", &text);
        content.comments.push(post);
    }

    fn one(
        &self,
        content: &mut Content,
        id: &str,
        posts: impl Fn(&mut Content) -> &mut Vec<Post>,
    ) -> Response {
        let id: u64 = id.parse().unwrap();
        let index = posts(content).iter().position(|post| post.id == id);
        let Some(index) = index else {
            return refusal(404, &[], "Not Found");
        };
        if self.method == Method::DELETE {
            posts(content).remove(index);
            return StatusCode::NO_CONTENT.into_response();
        }
        if let Some(refused) = self.too_long(content) {
            return refused;
        }
        let sent = self.sent();
        let post = &mut posts(content)[index];
        assert_eq!(post.author, BOT, "only its author may change it");
        if let Some(text) = sent[self.field()].as_str() {
            text.clone_into(&mut post.text);
        }
        post.is_open &= sent["state"] != "closed" && sent["state_event"] != "close";
        self.shown(std::slice::from_ref(post))[0]
            .to_string()
            .into_response()
    }

    fn shown(&self, posts: &[Post]) -> Vec<Value> {
        let field = self.field();
        let show = |post: &Post| {
            let mut shown = if self.is_gitlab {
                json!({"id": post.id, "author": {"id": post.author}, field: post.text})
            } else {
                json!({"id": post.id, "user": {"login": post.author}, field: post.text})
            };
            if post.is_pull_request {
                shown["pull_request"] = json!({});
            }
            if !post.title.is_empty() {
                shown[if self.is_gitlab { "iid" } else { "number" }] = json!(post.id);
            }
            shown
        };
        posts.iter().map(show).collect()
    }

    /// A page of a list, with a link to the next one.
    fn list(&self, items: &[Value]) -> Response {
        let (page, more) = self.page(items);
        linked(&json!(page), more)
    }

    /// The same in an object.
    fn named(&self, name: &str, items: &[Value]) -> Response {
        let (page, more) = self.page(items);
        linked(&json!({"total_count": items.len(), name: page}), more)
    }

    fn page<'a>(&self, items: &'a [Value]) -> (&'a [Value], bool) {
        let page: usize = self.query["page"].parse().unwrap();
        let start = ((page - 1) * PAGE).min(items.len());
        let end = (start + PAGE).min(items.len());
        (&items[start..end], end < items.len())
    }
}

fn linked(body: &Value, more: bool) -> Response {
    let link = if more {
        r#"<https://other.example/next>; rel="next""#
    } else {
        r#"<https://other.example/first>; rel="first""#
    };
    ([("link", link)], body.to_string()).into_response()
}
