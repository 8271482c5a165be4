/// Which of OpenBLAS's kernels suit a processor.
enum CoreChoice {
  /// What OpenBLAS calls the x86-64 processors without AVX2 and FMA.
  private static let oldCores: Set<String> = [
    "Unknown", "Prescott", "Atom", "Core2", "Penryn", "Dunnington", "Nehalem", "Sandybridge",
    "Athlon", "Opteron", "Opteron_SSE3", "Barcelona", "Bobcat", "Nano",
  ]

  /// The core to use instead, or nil where the choice was sound or is not ours to judge.
  static func better(than core: String, hasAVX2AndFMA: Bool, hasAVX512: Bool) -> String? {
    guard oldCores.contains(core) else { return nil }
    if hasAVX512 { return "SkylakeX" }
    return hasAVX2AndFMA ? "Haswell" : nil
  }
}
