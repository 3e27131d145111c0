use memcheck::memcheck;

#[memcheck]
async fn plain() {}

#[memcheck(flavor = "multi_thread")]
async fn workload(workload: memcheck::Workload) {
    workload.iterate_async(|| async {}).await;
}

#[memcheck]
mod tests {
    #[tokio::test]
    async fn of_tokio() {}
}

fn main() {}
