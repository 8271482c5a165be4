/// Which of OpenBLAS's kernels suit a processor.
enum CoreChoice {
  /// What OpenBLAS calls the x86-64 processors without AVX2 and FMA.
  private static let oldCores: Set<String> = [
    "Unknown", "Prescott", "Atom", "Core2", "Penryn", "Dunnington", "Nehalem", "Sandybridge",
    "Athlon", "Opteron", "Opteron_SSE3", "Barcelona", "Bobcat", "Nano",
  ]

  /// Those whose kernels are of AVX-512.
  private static let wideCores: Set<String> = ["SkylakeX", "Cooperlake", "SapphireRapids"]

  /// Those of AVX2 that it takes for AMD's processors it does not know well.
  private static let narrowCores: Set<String> = ["Haswell", "Zen", "Excavator"]

  /// The core to use instead, or nil where the choice was sound or is not ours to judge.
  ///
  /// - Parameters:
  ///   - halvesAVX512: of AMD's, those that run AVX-512 through halves of its width.
  ///   - widensAVX512: of AMD's, those that run it whole.
  static func better(
    than core: String, hasAVX2AndFMA: Bool, hasAVX512: Bool, halvesAVX512: Bool,
    widensAVX512: Bool
  ) -> String? {
    // On a Zen 4 OpenBLAS 0.3.21 takes Cooperlake. Forward passes took 3 to 9 % less time with its
    // Zen kernels.
    if halvesAVX512, wideCores.contains(core) { return "Zen" }
    // On a Zen 5 it takes Haswell. With its SkylakeX kernels a forward pass took 0.58 of the time.
    if widensAVX512, narrowCores.contains(core) { return "SkylakeX" }
    guard oldCores.contains(core) else { return nil }
    if hasAVX512, !halvesAVX512 { return "SkylakeX" }
    return hasAVX2AndFMA ? "Haswell" : nil
  }
}
