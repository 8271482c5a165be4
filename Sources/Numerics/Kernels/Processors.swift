import Glibc

/// The processors this process runs on.
public enum Processors {
  /// How many are online, but at most 32, since conversion is limited by memory bandwidth.
  public static var count: Int { max(1, min(32, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))) }

  /// What they are called and the instructions that are made use of, such as `AMD EPYC 9R14,
  /// avx512`. Boards with arm64 have a name of their own instead.
  public static var description: String {
    let name =
      text(of: "/proc/cpuinfo").split(separator: "\n")
      .first { $0.hasPrefix("model name") }?.split(separator: ":").last
      ?? text(of: "/proc/device-tree/model").split(separator: "\0").first
    return (name.map { $0.drop { $0 == " " } + ", " } ?? "") + InstructionSet.best.rawValue
  }

  /// The first 4096 bytes of a /proc file, whose reported size is 0.
  private static func text(of path: String) -> String {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
      unsafe count = max(0, read(descriptor, buffer.baseAddress, buffer.count))
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
