//! Every limit of a scan, by name. What goes beyond one is said in a finding, never silently dropped.

/// Folders below the root that are entered: deeper ones are left out.
pub const MAX_DEPTH: usize = 32;
/// Files and folders that are listed; the rest of the tree is left out.
pub const MAX_ENTRIES: usize = 200_000;
/// Bytes of a file that is read.
pub const MAX_FILE_BYTES: u64 = 1024 * 1024;
/// Bytes of a JSON or YAML file whose name does not say what it is and that is still looked into for PM2 apps.
pub const MAX_UNNAMED_BYTES: u64 = 64 * 1024;
/// How many such files are looked into.
pub const MAX_UNNAMED_FILES: usize = 2_000;
/// Findings that are kept of one scan.
pub const MAX_FINDINGS: usize = 10_000;
/// Automations that are kept of one scan.
pub const MAX_AUTOMATIONS: usize = 20_000;
/// Nesting of a value in YAML, TOML or JavaScript.
pub const MAX_NESTING: usize = 64;
/// Nodes of one YAML file after its aliases are resolved: more is an alias explosion.
pub const MAX_NODES: usize = 200_000;
/// Nodes of one value that JavaScript spells out.
pub const MAX_JS_NODES: usize = 50_000;
/// Files that one configuration may have read for it: `require('./apps.json')`.
pub const MAX_FOLLOWED_FILES: usize = 50;
/// How deep such files may ask for one another.
pub const MAX_FOLLOWED_DEPTH: usize = 8;
/// Calls of a module's own functions that are walked through.
pub const MAX_JS_CALLS: usize = 5_000;
/// Nested brackets of JavaScript that is parsed: its parser tries some of them out in several ways, level by level.
pub const MAX_JS_BRACKETS: usize = 100;
/// Angle brackets that are open at one place of JavaScript, for the same reason.
pub const MAX_JS_ANGLES: usize = 64;
/// Words and signs of JavaScript that is parsed: each could nest one level deeper.
pub const MAX_JS_TOKENS: usize = 30_000;
/// Stack for each of them in the thread that parses, in bytes. The system hands it out page by page, as it is used.
pub const JS_STACK_BYTES_PER_TOKEN: usize = 8 * 1024;
/// Stack of that thread whatever the text is, in bytes.
pub const JS_STACK_BYTES: usize = 1024 * 1024;
/// Jobs of a workflow that are looked at.
pub const MAX_JOBS: usize = 1_000;
/// Characters of a text from a file that a message repeats.
pub const MAX_QUOTED_CHARS: usize = 80;
/// Arguments of one app that are kept.
pub const MAX_PM2_ARGS: usize = 200;
/// Characters of one of GitHub's expressions, as GitHub limits them.
pub const MAX_EXPRESSION_CHARS: usize = 21_000;
/// Nesting of one of GitHub's expressions, as GitHub limits it.
pub const MAX_EXPRESSION_DEPTH: usize = 50;
/// Documents of one YAML file.
pub const MAX_DOCUMENTS: usize = 1_000;
/// References that are followed within one text.
pub const MAX_REFERENCES: usize = 20;
/// Words, texts and signs of a program that are looked at for schedules.
pub const MAX_SCRIPT_TOKENS: usize = 200_000;
/// Tokens of one call that are looked at.
pub const MAX_CALL_TOKENS: usize = 2_000;
/// Files that are looked through for who imports a program.
pub const MAX_IMPORTERS: usize = 500;
/// Findings that are kept of one workflow.
pub const MAX_FINDINGS_OF_A_WORKFLOW: usize = 200;
/// Schedules of one workflow that are looked at.
pub const MAX_SCHEDULES: usize = 500;
/// Blocks at the top of one Terraform file.
pub const MAX_HCL_BLOCKS: usize = 20_000;
/// Nesting of Terraform's blocks.
pub const MAX_HCL_DEPTH: usize = 64;
/// Items of a list that a function of JavaScript is walked through for.
pub const MAX_MAPPED: usize = 1_000;
/// Scripts that are followed from one another to find a circle.
pub const MAX_SCRIPTS_FOLLOWED: usize = 200;
/// Bytes of the cache that is kept of a scan; files that would not fit are read again.
pub const MAX_CACHE_BYTES: usize = 64 * 1024 * 1024;
/// Threads that read and parse at once.
pub const MAX_THREADS: usize = 8;
/// Files that are read and parsed between two words about how far a scan is.
pub const FILES_BETWEEN_WORDS: usize = 256;
/// Lines of a loop of a shell script that are looked at.
pub const MAX_LOOP_LINES: usize = 200;
/// Tasks, timers, lines of a crontab and the like that are looked at in one file.
pub const MAX_TASKS_OF_A_FILE: usize = 1_000;
/// Commands that are followed to the programs which they start.
pub const MAX_STARTED_COMMANDS: usize = 2_000;
/// Files that are followed from one another to find what a started program loads.
pub const MAX_STARTED_FILES: usize = 3_000;
/// Files that are looked through for who runs a program.
pub const MAX_HOST_FILES: usize = 200;
/// Files of the repository that one of Netlify's functions imports and that are looked at.
pub const MAX_IMPORTED_FILES: usize = 500;
