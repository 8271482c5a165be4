import DVLAHashing
import DVLAJSON

extension HostileCase {
  /// E: what is stored for a chunk, under hashes that are right.
  static let bundleFrames: [HostileCase] = {
    var list = CaseList(.bundle)
    func add(
      _ group: String, _ what: String, _ code: String,
      _ stored: @escaping @Sendable () throws -> [UInt8]
    ) {
      list.add(
        group, what, code,
        building: {
          var bundle = try OpenedBundle.oneFrame()
          bundle.store(try stored())
          return bundle.bytes()
        })
    }
    let frame = OpenedBundle.frame(_:)
    let magic: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]
    let skippable: [UInt8] = [0x50, 0x2A, 0x4D, 0x18]
    for size in [0, 1, 99, 101, 150] {
      add("E7", "a frame of \(size) bytes for 100", "zstd.content-size") { try frame(size) }
    }
    add("E7", "a frame that does not say its size", "zstd.header") {
      magic + [0x04, 0x58, 0x01, 0, 0, 0, 0, 0, 0]
    }
    add("E7", "a frame that says 2^64 - 1 bytes", "zstd.header") {
      magic + [0xE4] + [UInt8](repeating: 0xFF, count: 8) + [1, 0, 0, 0, 0, 0, 0]
    }
    add("E7", "a frame that says 2^32 - 1 bytes", "zstd.content-size") {
      magic + [0xA4] + [UInt8](repeating: 0xFF, count: 4) + [1, 0, 0, 0, 0, 0, 0]
    }
    add("E7", "a size in more bytes than it needs", "zstd.header") {
      magic + [0xA4, 100, 0, 0, 0] + Array(try frame(100).dropFirst(6))
    }
    add("E8", "a frame of 100 bytes whose block has 128 KiB", "zstd.corrupt") {
      magic + [0x24, 100, 0x03, 0x00, 0x10, 0xAA, 0, 0, 0, 0]
    }
    add("E8", "a frame of 100 bytes with twenty such blocks", "zstd.corrupt") {
      magic + [0x24, 100] + (0..<20).flatMap { _ in [0x02, 0x00, 0x10, 0xAA] as [UInt8] } + [
        1, 0, 0, 0, 0, 0, 0,
      ]
    }
    add("E8", "a frame of 100 bytes whose block has 99", "zstd.corrupt") {
      magic + [0x24, 100, 0x1B, 0x03, 0x00, 0xAA, 0, 0, 0, 0]
    }
    add("E9", "a window of 2^41 bytes", "zstd.header") {
      magic + [0x84, 0xF8, 100, 0, 0, 0] + [1, 0, 0, 0, 0, 0, 0]
    }
    add("E9", "a window beside a size", "zstd.header") {
      magic + [0x44, 0x58, 100, 0] + [1, 0, 0, 0, 0, 0, 0]
    }
    add("E10", "nothing like a frame", "zstd.magic") { [UInt8](repeating: 7, count: 100) }
    add("E10", "four bytes", "zstd.magic") { magic }
    add("E10", "a skippable frame", "zstd.magic") {
      skippable + [92, 0, 0, 0] + [UInt8](repeating: 0, count: 92)
    }
    for version in [0x22, 0x24, 0x27] as [UInt8] {
      add("E10", "a frame of an old version (\(version))", "zstd.magic") {
        [version] + Array(try frame(100).dropFirst())
      }
    }
    add("E10", "a byte behind the frame", "zstd.length") { try frame(100) + [0] }
    add("E10", "a second frame", "zstd.length") { try frame(100) + frame(10) }
    add("E10", "a skippable frame behind the frame", "zstd.length") {
      try frame(100) + skippable + [0, 0, 0, 0]
    }
    add("E10", "a frame a byte short", "zstd.length") { try frame(100).dropLast() }
    add("E10", "the first half of a frame", "zstd.length") { try frame(100).dropLast(60) }
    for (what, bits) in [
      ("a dictionary", 0x01), ("the bit that is reserved", 0x08), ("the bit that is unused", 0x10),
    ] as [(String, UInt8)] {
      add("E10", "a frame with \(what)", "zstd.header") {
        var bytes = try frame(100)
        bytes[4] |= bits
        return bytes
      }
    }
    add("E10", "a frame without a checksum", "zstd.header") {
      var bytes = try frame(100)
      bytes[4] &= ~0x04
      return bytes.dropLast(4)
    }
    for index in 1...4 {
      add("E10", "a checksum with a bit changed in byte \(index) from the end", "zstd.checksum") {
        var bytes = try frame(100)
        bytes[bytes.count - index] ^= 0x10
        return bytes
      }
    }
    add("E10", "a block of the type that is reserved", "zstd.corrupt") {
      var bytes = try frame(100)
      bytes[6] |= 0x06
      return bytes
    }
    list.add(
      "E10", "filler that is not zero", "bundle.filler",
      building: {
        var bundle = try OpenedBundle.oneFrame()
        bundle.store(try frame(100), filler: skippable + [7, 0, 0, 0] + [0, 0, 0, 0, 0, 0, 1])
        return bundle.bytes()
      })
    list.add(
      "E10", "filler of zeros alone", "bundle.filler",
      building: {
        var bundle = try OpenedBundle.oneFrame()
        bundle.store(try frame(100), filler: [UInt8](repeating: 0, count: 15))
        return bundle.bytes()
      })
    list.add(
      "E10", "a frame in place of the filler", "bundle.filler",
      building: {
        var bundle = try OpenedBundle.oneFrame()
        bundle.store(try frame(100), filler: Array(try frame(2)))
        return bundle.bytes()
      })
    list.add(
      "E14", "a hash of zeros for a chunk", "bundle.chunk-hash",
      building: {
        var bundle = try OpenedBundle.oneFrame()
        bundle.set("sha256", .string(String(repeating: "0", count: 64)))
        return bundle.bytes()
      })
    list.add(
      "E14", "a checksum of zeros for a chunk", "bundle.chunk-checksum",
      building: {
        var bundle = try OpenedBundle.oneFrame()
        bundle.set("xxh3", .string(String(repeating: "0", count: 16)))
        return bundle.bytes()
      })
    list.add(
      "E14", "the hash of what a chunk decodes to", "bundle.chunk-hash",
      building: {
        var bundle = try OpenedBundle.oneFrame()
        bundle.set(
          "sha256", .string(SHA256.hash((0..<100).map { UInt8(truncatingIfNeeded: $0 * 7) }).hex))
        return bundle.bytes()
      })
    list.add(
      "E15", "the data of two tensors of one shape exchanged", "bundle.chunk-hash",
      building: {
        var bundle = try OpenedBundle.plain()
        bundle.body = Array(bundle.body[..<64] + bundle.body[128...] + bundle.body[64..<128])
        return bundle.bytes()
      })
    list.add(
      "E15", "the same, and the hashes of their chunks, under the old root", "bundle.root",
      building: {
        let sound = try OpenedBundle.plain()
        let header = sound.bytes()
        let marker = Array(#""root":""#.utf8)
        let start = header.indices.first { header[$0...].starts(with: marker) } ?? 0
        let root = String(decoding: header[(start + marker.count)...].prefix(64), as: UTF8.self)
        var bundle = sound
        bundle.body = Array(bundle.body[..<64] + bundle.body[128...] + bundle.body[64..<128])
        for key in ["sha256", "xxh3"] {
          let hash = bundle.rows[1].first { $0.0 == key }?.1
          bundle.set(key, bundle.rows[2].first { $0.0 == key }?.1, row: 1)
          bundle.set(key, hash, row: 2)
        }
        return bundle.bytes(root: root)
      })
    return list.cases
  }()
}
