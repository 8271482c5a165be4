internal import DVLACBuild
import DVLACompression
import DVLAHashing
import DVLAKernels
import DVLAMatrixProducts

/// The version of the toolkit, as bundles record it and `--version` prints it.
public enum ToolVersion {
  public static let current = "0.1.0"

  /// The commit that was built, with "-modified" behind it where files had changed since; nil when
  /// built other than by `scripts/install` or `scripts/release`.
  public static var commit: String? {
    // A constant of the C target.
    guard let commit = unsafe dvla_build_commit() else { return nil }
    return unsafe String(cString: commit)
  }

  /// What decides how this process computes, for the report of a fault: a line for the version,
  /// and for each part a line with its name, a colon and what it is.
  public static var report: String {
    (["depthvla \(current)"] + parts.map { "\($0.name): \($0.value)" }).joined(separator: "\n")
  }

  static var parts: [(name: String, value: String)] {
    [
      ("commit", commit ?? "not recorded"),
      ("processor", architecture),
      ("instructions", InstructionSet.best.rawValue),
      ("products", products),
      ("OpenBLAS", "\(MatrixProduct.libraryVersion), \(MatrixProduct.coreName) kernels"),
      ("libzstd", ZstdCompressor.libraryVersion),
      ("libcrypto", SHA256.libraryVersion),
    ]
  }

  private static var products: String {
    [ProductPath.bestOfF32, .bestOfBF16, .bestOfInt8].compactMap(\.?.rawValue)
      .joined(separator: ", ")
  }

  private static var architecture: String {
    #if arch(x86_64)
      "x86-64"
    #elseif arch(arm64)
      "arm64"
    #else
      "unknown"
    #endif
  }
}
