internal import DVLACOpenBLAS
import Glibc

/// Unsafe code: every call of OpenBLAS but the products themselves.
enum OpenBLAS {
  /// Set up once, before the first product: every thread waits for it.
  static let ready: Void = {
    useSuitableKernels()
    // Our own threads compute products side by side, each on its own.
    openblas_set_num_threads(1)
  }()

  /// The processor whose kernels are in use.
  static var coreName: String {
    // Points to a constant of the library.
    guard let name = unsafe openblas_get_corename() else { return "unknown" }
    return unsafe String(cString: name)
  }

  /// The version of the library, which is the second word of its own description.
  static var version: String {
    // Points to a constant of the library.
    guard let words = unsafe openblas_get_config() else { return "unknown" }
    let description = unsafe String(cString: words)
    return description.split(separator: " ").dropFirst().first.map(String.init) ?? description
  }

  /// Replaces kernels that do not suit this processor: OpenBLAS mistakes a processor that is newer
  /// than itself for one of 2004, and then computes several times as slowly. A choice of the user's
  /// stays.
  ///
  /// Call it only while no product is being computed.
  static func useSuitableKernels() {
    guard unsafe getenv(coreVariable) == nil, dvla_openblas_can_choose(),
      let core = CoreChoice.better(
        than: coreName, hasAVX2AndFMA: dvla_has_avx2_and_fma(), hasAVX512: dvla_has_avx512(),
        halvesAVX512: dvla_halves_avx512())
    else { return }
    choose(core)
  }

  /// Uses the kernels for that processor. OpenBLAS reads the choice from the environment; child
  /// processes must not inherit it.
  static func choose(_ core: String) {
    unsafe setenv(coreVariable, core, 1)
    dvla_openblas_choose()
    unsafe unsetenv(coreVariable)
  }

  static let coreVariable = "OPENBLAS_CORETYPE"
}

/// Which of OpenBLAS's kernels suit a processor.
enum CoreChoice {
  /// OpenBLAS's names for x86-64 processors without AVX2 and FMA.
  private static let oldCores: Set<String> = [
    "Unknown", "Prescott", "Atom", "Core2", "Penryn", "Dunnington", "Nehalem", "Sandybridge",
    "Athlon", "Opteron", "Opteron_SSE3", "Barcelona", "Bobcat", "Nano",
  ]

  /// The names of those whose kernels use AVX-512.
  private static let wideCores: Set<String> = ["SkylakeX", "Cooperlake", "SapphireRapids"]

  /// The core to use instead, or nil where OpenBLAS's choice is right or unknown here.
  static func better(
    than core: String, hasAVX2AndFMA: Bool, hasAVX512: Bool, halvesAVX512: Bool
  ) -> String? {
    // On a Zen 4 OpenBLAS 0.3.21 chooses Cooperlake. Forward passes took 3 to 9 % less time with
    // its Zen kernels.
    if halvesAVX512, wideCores.contains(core) { return "Zen" }
    guard oldCores.contains(core) else { return nil }
    if hasAVX512, !halvesAVX512 { return "SkylakeX" }
    return hasAVX2AndFMA ? "Haswell" : nil
  }
}
