//! One repository of everything.

use crate::fixtures::{Repository, tree};

#[test]
fn show() {
    let shop = Repository::of("shop");
    let generated = shop.generate();
    for patch in &generated.patches {
        println!("=== {}\n{}", patch.path, patch.after.as_deref().unwrap_or("(deleted)"));
    }
    println!("{:#?}\n{:#?}\n{:#?}", generated.refused, generated.findings, generated.advice);
    shop.apply(&generated);
    println!("{:?}", tree(shop.root()));
    let again = shop.generate();
    assert_eq!(again.patches, []);
}
