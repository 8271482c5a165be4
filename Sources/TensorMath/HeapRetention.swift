internal import CHeap

/// Has the C library keep memory that was freed, up to 256 MiB, for the process to use again.
///
/// A forward pass takes and frees the same few megabytes hundreds of times. Left alone, the library
/// gives them back to the system each time, which must clear every page before it hands them out
/// again: a quarter of the time of a DINOv2-Large forward went there. The setting is one of the
/// whole process, and is made once.
enum HeapRetention {
  static let isOn: Bool = {
    // Either call switches off the library's own adjustment, so both limits are given.
    mallopt(M_TRIM_THRESHOLD, 256 << 20) == 1 && mallopt(M_MMAP_THRESHOLD, 32 << 20) == 1
  }()
}
