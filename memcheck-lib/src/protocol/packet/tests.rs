use super::*;

#[test]
fn commands_survive_encoding_and_decoding() {
    for command in [
        Command::Run { iterations: 7 },
        Command::Profile { iterations: 64 },
        Command::Sample,
        Command::Trim,
        Command::Allocators,
        Command::Drive { tasks: 3, limit_ns: 20_000_000 },
        Command::Plant(Plant { kind: PlantKind::Thread, every: 64, count: 2, size: 0 }),
        Command::Snapshot { length: 300 },
        Command::Finish,
        Command::GoOn,
    ] {
        assert_eq!(Command::decode(&command.encode()), Ok(command));
    }
}

#[test]
fn replies_survive_encoding_and_decoding() {
    let rust = HeapCounters { live_blocks: -1, live_bytes: -8, total_blocks: 3, total_bytes: 40 };
    let native = HeapCounters { live_blocks: 5, live_bytes: 80, total_blocks: 7, total_bytes: 90 };
    for tasks in [None, Some(0), Some(7)] {
        let checkpoint = Checkpoint { iterations: 9, cpu_ns: 10, wall_ns: 11, rust, native, tasks };
        assert_eq!(Reply::decode(&checkpoint.encode()), Ok(Reply::Checkpoint(checkpoint)));
    }
    let profile = AllocationProfile {
        iterations: 64,
        allocations: IterationRange { min: 1, max: 2, at: 3 },
        bytes: IterationRange { min: 4, max: 5, at: 6 },
        peak: Some(IterationRange { min: 7, max: 8, at: 9 }),
        heap: Some(HeapChange { min: -1, max: 10 }),
        c_heap: None,
        one_thread: true,
    };
    assert_eq!(Reply::decode(&encode_profile(&profile)), Ok(Reply::Profile(profile)));
    assert_eq!(Reply::decode(&encode_ended()), Ok(Reply::Ended));
    let glibc = AllocatorStats {
        allocated: Some(1),
        active: Some(2),
        ..AllocatorStats::of(Allocator::Glibc)
    };
    let mimalloc = AllocatorStats { resident: Some(0), ..AllocatorStats::of(Allocator::Mimalloc) };
    assert_eq!(
        Reply::decode(&encode_allocators([Some(glibc), None, Some(mimalloc)])),
        Ok(Reply::Allocators(vec![glibc, mimalloc]))
    );
    let long = "ü".repeat(TEXT);
    let reply = Reply::decode(&encode_failed(Failure::Panicked, &long));
    let text = "ü".repeat(TEXT / 2);
    assert_eq!(reply, Ok(Reply::Failed { failure: Failure::Panicked, text }));
}

#[test]
fn another_protocol_version_is_reported_with_its_library() {
    let mut packet = head(HELLO)[..8].to_vec();
    packet[4..8].copy_from_slice(&9u32.to_ne_bytes());
    packet.extend_from_slice(br#"{"library":"9.1.0","news":[]}"#);
    let library = Some("9.1.0".to_owned());
    assert_eq!(Reply::decode(&packet), Err(MessageError::Version { theirs: 9, library }));
}

#[test]
fn truncated_and_unknown_packets_are_rejected() {
    let packet = Command::Sample.encode();
    for end in 0..packet.len() {
        assert!(Command::decode(&packet[..end]).is_err());
    }
    assert_eq!(Reply::decode(&fixed(77, &[])), Err(MessageError::Malformed));
}
