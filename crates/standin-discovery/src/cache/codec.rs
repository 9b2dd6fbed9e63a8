//! Inventories as bytes. Each structure is taken apart by all of its fields, so that a new one cannot be forgotten;
//! [`super::FORMAT`] grows with each.

use standin_core::automation::{
    Automation, Detail, Finding, Flavour, Known, ScheduleSpec, Severity, Source, Standing,
};
use standin_core::ident::{AutomationId, Domain};

use super::bytes::{Bytes, put_list, put_number, put_text};

mod workflow;

/// Something that is kept.
pub(super) trait Kept: Sized {
    fn put(&self, out: &mut Vec<u8>);
    fn take(from: &mut Bytes<'_>) -> Option<Self>;
}

impl Kept for String {
    fn put(&self, out: &mut Vec<u8>) {
        put_text(out, self);
    }

    fn take(from: &mut Bytes<'_>) -> Option<Self> {
        from.text().map(str::to_owned)
    }
}

impl Kept for u32 {
    fn put(&self, out: &mut Vec<u8>) {
        put_number(out, u64::from(*self));
    }

    fn take(from: &mut Bytes<'_>) -> Option<Self> {
        from.small()
    }
}

impl Kept for bool {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn take(from: &mut Bytes<'_>) -> Option<Self> {
        from.byte().map(|byte| byte == 1)
    }
}

impl<T: Kept> Kept for Vec<T> {
    fn put(&self, out: &mut Vec<u8>) {
        put_list(out, self, |out, item| item.put(out));
    }

    fn take(from: &mut Bytes<'_>) -> Option<Self> {
        from.list(T::take)
    }
}

impl<T: Kept> Kept for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.is_some()));
        if let Some(value) = self {
            value.put(out);
        }
    }

    fn take(from: &mut Bytes<'_>) -> Option<Self> {
        match from.byte()? {
            0 => Some(None),
            _ => T::take(from).map(Some),
        }
    }
}

impl<A: Kept, B: Kept> Kept for (A, B) {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }

    fn take(from: &mut Bytes<'_>) -> Option<Self> {
        Some((A::take(from)?, B::take(from)?))
    }
}

/// A structure field by field.
macro_rules! fields {
    ($name:ident { $($field:ident),+ $(,)? }) => {
        impl Kept for $name {
            fn put(&self, out: &mut Vec<u8>) {
                let Self { $($field),+ } = self;
                $($field.put(out);)+
            }

            fn take(from: &mut Bytes<'_>) -> Option<Self> {
                $(let $field = Kept::take(from)?;)+
                Some(Self { $($field),+ })
            }
        }
    };
}

/// An enumeration without fields, by the place in this list.
macro_rules! names {
    ($name:ident { $($variant:ident = $number:literal),+ $(,)? }) => {
        impl Kept for $name {
            fn put(&self, out: &mut Vec<u8>) {
                out.push(match self { $(Self::$variant => $number),+ });
            }

            fn take(from: &mut Bytes<'_>) -> Option<Self> {
                match from.byte()? {
                    $($number => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

pub(super) use {fields, names};

impl Kept for AutomationId {
    fn put(&self, out: &mut Vec<u8>) {
        put_text(out, self.as_str());
    }

    fn take(from: &mut Bytes<'_>) -> Option<Self> {
        from.text()?.parse().ok()
    }
}

names!(Domain { Github = 0, Netlify = 1, Aws = 2, Host = 3, Elsewhere = 4 });
names!(Standing { Declared = 0, Loadable = 1, Effective = 2 });
names!(Severity { Note = 0, Warning = 1, Error = 2 });
names!(Flavour { V1 = 0, V2 = 1, Go = 2, Unknown = 3 });
names!(Known { Read = 0, Evaluated = 1 });
fields!(Source { path, line });
fields!(ScheduleSpec { cron, timezone });
fields!(Finding { rule, severity, path, line, message, fix });
fields!(Automation { id, name, domain, source, schedules, triggers, state, reason, detail, backup_of });

impl Kept for Detail {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Plain => out.push(0),
            Self::Pm2App { script, cwd, interpreter, interpreter_args, args, env_names, known } => {
                out.push(1);
                script.put(out);
                cwd.put(out);
                interpreter.put(out);
                interpreter_args.put(out);
                args.put(out);
                env_names.put(out);
                known.put(out);
            }
            Self::NetlifyFunction { flavour, background, main } => {
                out.push(2);
                flavour.put(out);
                background.put(out);
                main.put(out);
            }
            Self::NpmScript { dir, script, command } => {
                out.push(3);
                dir.put(out);
                script.put(out);
                command.put(out);
            }
            Self::Workflow(workflow) => {
                out.push(4);
                workflow.put(out);
            }
        }
    }

    fn take(from: &mut Bytes<'_>) -> Option<Self> {
        Some(match from.byte()? {
            0 => Self::Plain,
            1 => Self::Pm2App {
                script: Kept::take(from)?,
                cwd: Kept::take(from)?,
                interpreter: Kept::take(from)?,
                interpreter_args: Kept::take(from)?,
                args: Kept::take(from)?,
                env_names: Kept::take(from)?,
                known: Kept::take(from)?,
            },
            2 => Self::NetlifyFunction {
                flavour: Kept::take(from)?,
                background: Kept::take(from)?,
                main: Kept::take(from)?,
            },
            3 => Self::NpmScript {
                dir: Kept::take(from)?,
                script: Kept::take(from)?,
                command: Kept::take(from)?,
            },
            4 => Self::Workflow(Box::new(Kept::take(from)?)),
            _ => return None,
        })
    }
}
