//! One run: when it came to be, and its end when it is not needed any more.

use http::Method;
use jiff::Timestamp;

use crate::gate::Purpose;

use super::act::Acted;
use super::seen::RunJson;
use super::{Github, GithubError, READ_RUNS, Right, Task};

impl Github {
    /// When a run came to be, on GitHub's clock.
    ///
    /// # Errors
    /// [`GithubError`]: it is not known.
    pub async fn created(&self, run: u64) -> Result<Timestamp, GithubError> {
        let path = self.path(&format!("actions/runs/{run}"));
        let reply = self.ask(Purpose::Recovery, Method::GET, &path, None::<&()>).await?;
        if reply.status == 404 {
            return Err(GithubError::NoRun { repository: self.repository.clone(), run });
        }
        Ok(self.read::<RunJson>(&reply, READ_RUNS)?.created_at)
    }

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
