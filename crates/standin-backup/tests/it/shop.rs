//! One repository of everything.

use crate::fixtures::{Repository, tree};

#[test]
fn show() {
    let shop = Repository::of("shop");
    let generated = shop.generate();
    println!("{:#?}\n{:#?}\n{:#?}", generated.refused, generated.findings, generated.advice);
    shop.apply(&generated);
    println!("{:?}", tree(shop.root()));
    println!("{}", shop.read("standin.backup.config.cjs"));
    let again = shop.generate();
    assert_eq!(again.patches, []);
    if let Ok(out) = std::env::var("OUT") {
        for p in &generated.patches {
            let t = std::path::Path::new(&out).join(&p.path);
            std::fs::create_dir_all(t.parent().unwrap()).unwrap();
            std::fs::write(t, p.after.clone().unwrap()).unwrap();
        }
    }
}
