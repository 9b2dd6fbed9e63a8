//! `standin schema`.

use crate::cli::SchemaArgs;
use crate::exit::{Exit, Failure};
use crate::output;

/// Prints the JSON schema of `standin.toml`, or the default file.
pub(crate) fn schema(args: &SchemaArgs) -> Result<Exit, Failure> {
    if args.default_file {
        output::write(standin_config::default_file())?;
    } else {
        output::write(&format!("{}\n", standin_config::schema().trim_end()))?;
    }
    Ok(Exit::Fine)
}
