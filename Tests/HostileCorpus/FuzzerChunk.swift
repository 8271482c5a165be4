import DVLAJSON

extension OpenedBundle {
  /// The bundle that the fuzzer's target `chunk` makes of its bytes: three that say type, size and
  /// planes, then what is stored for the only chunk. Nil where it makes none.
  public init?(fuzzedChunk bytes: [UInt8]) throws {
    guard bytes.count > 4 else { return nil }
    let (dtype, width, standard, smallest) =
      [
        ("BF16", 2, "rotl1-planes2", "window6-planes2"),
        ("F32", 4, "rotl1-planes4", "window6-planes4"), ("I8", 1, "none", "none"),
        ("F16", 2, "rotl1-planes2", "rotl1-planes2"),
      ][Int(bytes[0] & 3)]
    let planes =
      switch bytes[0] & 24 {
      case 8: standard
      case 24: smallest
      default: "none"
      }
    var count = Int(bytes[1]) | Int(bytes[2]) << 8
    if bytes[0] & 4 != 0 { count *= 4 }
    count = min(count & ~3, 262_144)
    let stored = Array(bytes.dropFirst(3))
    guard count > 0, stored.count <= count + 64 else { return nil }
    self = try OpenedBundle.oneFrame()
    set("dtype", .string(dtype))
    set("shape", [.integer(Int64(count / width))])
    set("planes", .string(planes))
    store(stored)
  }
}
