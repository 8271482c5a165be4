import DVLACFiles

/// What becomes of memory that was freed.
public enum FreedMemory {
  /// Has this process keep freed memory up to half a gigabyte for what it allocates next, instead
  /// of giving it back to the system: for a program that computes the same again and again, where
  /// half of the time of small steps would be page faults.
  public static func keep() {
    // The largest threshold that glibc takes; larger pieces are mapped each time.
    file_access_keep_freed_memory(32 << 20, 512 << 20)
  }
}
