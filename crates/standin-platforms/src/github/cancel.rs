//! Ending a backup that is not needed any more.

use http::Method;

use crate::gate::Purpose;

use super::act::Acted;
use super::{Github, GithubError, Right, Task};

impl Github {
    /// Cancels one run, if it has not ended. Accepted says that GitHub will; that it has, the next look says.
    pub async fn cancel(&self, run: u64) -> Acted {
        let sent = async {
            let path = self.path(&format!("actions/runs/{run}/cancel"));
            let reply = self.ask(Purpose::Recovery, Method::POST, &path, None::<&()>).await?;
            match reply.status {
                202 => Ok(()),
                // It has ended already.
                409 => Ok(()),
                404 => Err(GithubError::NoRun { repository: self.repository.clone(), run }),
                _ => Err(self.refusal(&reply, Task { what: "cancel runs", right: Right::WriteActions })),
            }
        };
        Box::pin(sent).await.into()
    }
}
