import DVLACompression
import DVLADiagnostics
import Testing

/// The frames come from python-zstandard 0.25 (libzstd 1.5.7), level 3.
struct ZstdDecompressorTests {
  /// `b"depth vla " * 40`: a frame with a match, content size in two bytes.
  static let frame = bytes("28b52ffd6490008d000050646570746820766c6120010083550b1256899295")
  static let text = [[UInt8]](repeating: Array("depth vla ".utf8), count: 40).flatMap { $0 }

  @Test func decodesAFrameOfAnotherCompressor() throws {
    #expect(try decode(Self.frame, count: 400) == Self.text)
  }

  @Test func findsEverySingleBitFlip() throws {
    for bit in 0..<Self.frame.count * 8 {
      var damaged = Self.frame
      damaged[bit / 8] ^= 1 << (bit % 8)
      let result = try? decode(damaged, count: 400)
      // Bits of the entropy coding that change nothing decoded are the caller's hash to find.
      #expect(result == nil || result == Self.text, "bit \(bit)")
    }
  }

  @Test func findsEveryTruncation() {
    for count in 0..<Self.frame.count {
      #expect(throws: WeightsError.self) { try decode(Array(Self.frame.prefix(count)), count: 400) }
    }
  }

  @Test func namesTheRuleThatIsBroken() {
    func expect(
      _ code: WeightsError.Code, count: Int = 400, _ change: (inout [UInt8]) -> Void,
      _ location: SourceLocation = #_sourceLocation
    ) {
      var bytes = Self.frame
      change(&bytes)
      let error = #expect(throws: WeightsError.self, sourceLocation: location) {
        try decode(bytes, count: count)
      }
      #expect(error?.code == code, sourceLocation: location)
    }
    expect(.zstdMagic) { $0 = [] }
    expect(.zstdMagic) { $0[0] = 0x27 }  // legacy v0.7
    expect(.zstdMagic) { $0[0...3] = [0x50, 0x2A, 0x4D, 0x18] }  // skippable
    expect(.zstdHeader) { $0[4] &= ~0x04 }  // no checksum
    expect(.zstdHeader) { $0[4] &= ~0x20 }  // window instead of single segment
    expect(.zstdHeader) { $0[4] |= 0x01 }  // dictionary id
    expect(.zstdHeader) { $0[4] |= 0x08 }  // reserved bit
    expect(.zstdHeader) { $0[4] |= 0x10 }  // unused bit
    expect(.zstdHeader) { $0[4] |= 0x80 }  // content size in eight bytes
    expect(.zstdHeader) {  // 400 in four bytes, where two do
      $0[4] = 0xA4
      $0[5...6] = [0x90, 0x01, 0x00, 0x00]
    }
    expect(.zstdContentSize, count: 399) { _ in }
    expect(.zstdContentSize, count: 0) { _ in }
    expect(.zstdContentSize) { $0[5] = 0x91 }
    expect(.zstdLength) { $0.append(0) }  // trailing byte
    expect(.zstdLength) { $0 += Self.frame }  // second frame
    expect(.zstdLength) { $0.removeLast() }
    expect(.zstdChecksum) { $0[$0.count - 1] ^= 1 }
    expect(.zstdCorrupt) { $0[7] |= 0x06 }  // reserved block type
  }

  /// Declares 400 bytes in its header, and holds an RLE block of 128 KiB.
  @Test func stopsAFrameThatHoldsMoreThanItDeclares() {
    let bomb: [UInt8] = [
      0x28, 0xB5, 0x2F, 0xFD, 0x64, 0x90, 0x00, 0x03, 0x00, 0x10, 0xAA, 0, 0, 0, 0,
    ]
    let error = #expect(throws: WeightsError.self) { try decode(bomb, count: 400) }
    #expect(error?.code == .zstdCorrupt)
  }

  /// Declares 400 bytes, and holds ten raw ones.
  @Test func refusesAFrameThatHoldsLessThanItDeclares() {
    var short: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x64, 0x90, 0x00, 0x51, 0x00, 0x00]
    short += [UInt8](repeating: 7, count: 10) + [0, 0, 0, 0]
    #expect(throws: WeightsError.self) { try decode(short, count: 400) }
  }

  @Test func worksOnAfterAnError() throws {
    let decompressor = try ZstdDecompressor()
    for _ in 0..<3 {
      var damaged = Self.frame
      damaged[20] ^= 0xFF
      #expect(throws: WeightsError.self) { try decode(damaged, count: 400, with: decompressor) }
      #expect(try decode(Self.frame, count: 400, with: decompressor) == Self.text)
    }
  }
}

func decode(
  _ frame: [UInt8], count: Int, with decompressor: ZstdDecompressor? = nil
) throws -> [UInt8] {
  var result = [UInt8](repeating: 0, count: count)
  var span = result.mutableSpan
  var raw = unsafe span.mutableBytes
  try (decompressor ?? ZstdDecompressor()).decompress(unsafe frame.span.bytes, into: &raw)
  return result
}

func bytes(_ hex: String) -> [UInt8] {
  var result: [UInt8] = []
  var rest = Substring(hex)
  while let byte = UInt8(rest.prefix(2), radix: 16) {
    result.append(byte)
    rest = rest.dropFirst(2)
  }
  return result
}
