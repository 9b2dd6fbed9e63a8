//! Programs by what is known of them without a look at any package.

/// Programs that a machine has, words of a shell, and programs that people install for the whole machine.
const SYSTEM: &str = "\
    ! . : [ [[ act actionlint adb alias amplify ansible ansible-playbook apt apt-get argocd asdf ash attrib \
    awk aws az base64 basename bash bc bg black break brew buildah bun bundle bundler bunx bzip2 caddy cal \
    call cargo case cat cc cd cdk cf chamber chdir chmod chown chrome chromium circleci clang clear \
    cloudflared cls cmake cmd cmd.exe cmp codesign column comm composer conda consul continue convert copy \
    corepack cp crontab csplit ctlptl curl cut dapr dash date dd ddev defaults del deno df diff dig dir \
    direnv dirname ditto django-admin do docker docker-compose docker-machine doctl done doppler dot dotnet \
    dpkg du duckdb eas eb echo ecs-cli elif else emcc emulator env envsubst erase esac eval exist exit expo \
    export expr false fastlane ffmpeg fg fi file find firebase fish flake8 flock fly flyctl fnm fold for \
    forever forge free func function g++ gcc gcc-12 gcloud gem gh git gitleaks glab go google-chrome \
    goreleaser gpg gradle grep gsed gsutil gunicorn gunzip gzip hash head helm helmfile heroku hostname htop \
    hugo iconv id if ifconfig in infisical install ip istioctl java javac jekyll jq k3d k6 k9s kill killall \
    killport kind kotlin kubectl kustomize lambroll lando launchctl less let lima lipo ln local localstack \
    logger ls lsof mage magick make mc md md5sum minikube mise mkcert mkdir mklink mktemp mongo mongodump \
    mongorestore mongosh more mount move mutagen mv mvn mypy mysql mysqldump nc nerdctl netlify netstat \
    newrelic ngrok nice nl node nohup nomad now npm npmrc npx nvm od ollama op open openssl osascript pack \
    packer pandoc paste patch pause pbcopy pbpaste pdflatex perl pg_dump pg_restore php ping pip pip3 pipenv \
    pipx pkill plutil pm2 pm2-runtime pnpm pod podman poetry popd powershell powershell.exe pre-commit \
    printenv printf protoc ps psql pulumi pushd pwd pwsh pytest python python2 python3 rails railway rake rd \
    read readlink realpath redis-cli redis-server rem ren rename render reset return rev rm rmdir robocopy \
    rsync ruby ruff rustc rustup sam say scp screen security sed select semgrep sentry-cli seq serverless \
    service set setsid setx sh sha1sum sha256sum shasum shellcheck shfmt shift shopify shuf simctl skaffold \
    sleep sls snyk sort source split sqlite3 ssh sst start stat stripe su sudo supabase surge swag swift \
    sync systemctl tac tail tailscale tar task taskkill tasklist tee temporal terraform terragrunt test then \
    tilt time timeout title tmux tofu top touch tput tr trap trivy true tsserver turso twilio type ulimit \
    umask uname uniq unlink unset until unzip uptime uv uvicorn vagrant vault vercel virtualenv volta wait \
    wasm-pack watch wc wget where whereis which while who whoami wrangler wsl xargs xcodebuild xcopy xcrun \
    xdg-open xz yarn yes yq zip zsh zx { }";

/// Programs of packages that have another name, or that are known by their own: the program, and the packages that bring
/// it, behind one another.
const PROGRAMS: [(&str, &[&str]); 51] = [
    ("babel", &["@babel/cli", "babel-cli"]),
    ("babel-node", &["@babel/node", "babel-cli"]),
    ("biome", &["@biomejs/biome"]),
    ("build-storybook", &["@storybook/react", "@storybook/vue"]),
    ("changeset", &["@changesets/cli"]),
    ("coffee", &["coffeescript", "coffee-script"]),
    ("commitlint", &["@commitlint/cli"]),
    ("cpy", &["cpy-cli"]),
    ("craco", &["@craco/craco"]),
    ("cross-env-shell", &["cross-env"]),
    ("cz", &["commitizen"]),
    ("depcruise", &["dependency-cruiser"]),
    ("docusaurus", &["@docusaurus/core"]),
    ("dotenv", &["dotenv-cli"]),
    ("git-cz", &["commitizen", "git-cz"]),
    ("graphql-codegen", &["@graphql-codegen/cli"]),
    ("grunt", &["grunt", "grunt-cli"]),
    ("gulp", &["gulp", "gulp-cli"]),
    ("jest", &["jest", "jest-cli"]),
    ("karma", &["karma", "karma-cli"]),
    ("lessc", &["less"]),
    ("markdownlint", &["markdownlint-cli"]),
    ("ncc", &["@vercel/ncc", "@zeit/ncc"]),
    ("ncu", &["npm-check-updates"]),
    ("nest", &["@nestjs/cli"]),
    ("ng", &["@angular/cli"]),
    ("npm-run-all", &["npm-run-all", "npm-run-all2"]),
    ("nuxi", &["nuxi", "nuxt"]),
    ("nuxt", &["nuxt", "nuxi", "nuxt3", "nuxt-edge"]),
    ("openapi-generator-cli", &["@openapitools/openapi-generator-cli"]),
    ("parcel", &["parcel", "parcel-bundler"]),
    ("playwright", &["playwright", "@playwright/test", "playwright-core"]),
    ("postcss", &["postcss-cli"]),
    ("remix", &["@remix-run/dev"]),
    ("run-p", &["npm-run-all", "npm-run-all2"]),
    ("run-s", &["npm-run-all", "npm-run-all2"]),
    ("sass", &["sass", "sass-embedded"]),
    ("sequelize", &["sequelize-cli"]),
    ("size-limit", &["size-limit", "@size-limit/file"]),
    ("start-storybook", &["@storybook/react", "@storybook/vue"]),
    ("storybook", &["storybook", "@storybook/cli"]),
    ("svelte-kit", &["@sveltejs/kit"]),
    ("swc", &["@swc/cli"]),
    ("tailwindcss", &["tailwindcss", "@tailwindcss/cli"]),
    ("tap", &["tap", "@tapjs/run"]),
    ("tsc", &["typescript"]),
    ("tsnd", &["ts-node-dev"]),
    ("typeorm", &["typeorm", "typeorm-ts-node-commonjs"]),
    ("uglifyjs", &["uglify-js", "uglify-es"]),
    ("vue-cli-service", &["@vue/cli-service"]),
    ("webpack", &["webpack-cli", "webpack", "webpack-command"]),
];

/// Programs of packages of the same name.
const PACKAGES: &str = "\
    astro ava browser-sync browserify bumpp c8 concurrently copyfiles cpx cross-env cypress del-cli depcheck \
    documentation drizzle-kit electron electron-builder env-cmd esbuild eslint eslint_d esno gatsby \
    http-server husky is-ci jasmine jsdoc json-server knex lerna lint-staged live-server madge \
    markdownlint-cli2 microbundle mkdirp mocha ncp next node-pg-migrate node-sass nodemon np nx nyc onchange \
    only-allow oxlint patch-package pkg prettier prisma protractor react-scripts release-it rimraf rollup \
    semantic-release serve shx simple-git-hooks snowpack standard standard-version start-server-and-test \
    stylelint svgo syncpack terser ts-jest ts-node ts-node-dev tsc-watch tsdx tslint tsup tsx turbo typedoc \
    vite vitepress vitest vue-tsc vuepress wait-on web-ext webpack-dev-server xo";

/// Whether a machine may well have a program, whatever the packages bring.
pub(super) fn is_of_a_machine(program: &str) -> bool {
    program.bytes().all(|byte| !byte.is_ascii_alphabetic()) || is_in(SYSTEM, program)
}

/// The packages that are known to bring a program; none for one that is not known.
pub(super) fn packages_of(program: &str) -> Vec<&str> {
    match PROGRAMS.iter().find(|(name, _)| *name == program) {
        Some((_, packages)) => packages.to_vec(),
        None => is_in(PACKAGES, program).then_some(program).into_iter().collect(),
    }
}

fn is_in(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|known| known == word)
}
