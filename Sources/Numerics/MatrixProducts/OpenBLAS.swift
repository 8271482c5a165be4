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

  /// Replaces kernels that do not suit this processor: OpenBLAS takes a processor that is newer
  /// than itself for one of 2004, and computes several times as slowly. What the user chose stays.
  ///
  /// To be called while no product is under way.
  static func useSuitableKernels() {
    guard unsafe getenv(coreVariable) == nil, dvla_openblas_can_choose(),
      let core = CoreChoice.better(
        than: coreName, hasAVX2AndFMA: dvla_has_avx2_and_fma(), hasAVX512: dvla_has_avx512(),
        halvesAVX512: dvla_halves_avx512())
    else { return }
    choose(core)
  }

  /// Uses the kernels for that processor. The variable is how OpenBLAS is told; child processes are
  /// not to inherit it.
  static func choose(_ core: String) {
    unsafe setenv(coreVariable, core, 1)
    dvla_openblas_choose()
    unsafe unsetenv(coreVariable)
  }

  static let coreVariable = "OPENBLAS_CORETYPE"
}
