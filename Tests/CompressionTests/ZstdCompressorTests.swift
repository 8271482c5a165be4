import DVLACompression
import DVLADiagnostics
import Testing

struct ZstdCompressorTests {
  /// Bytes of the given entropy class from a fixed generator (xorshift64).
  static func noise(_ count: Int, mask: UInt8, seed: UInt64 = 88_172_645_463_325_252) -> [UInt8] {
    var state = seed
    return (0..<count).map { _ in
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return UInt8(truncatingIfNeeded: state >> 32) & mask
    }
  }

  static func frame(
    _ source: [UInt8], run: Int? = nil, _ mode: ZstdCompressor.Mode,
    with compressor: ZstdCompressor? = nil
  ) throws -> [UInt8] {
    var result: [UInt8] = []
    let count = try (compressor ?? ZstdCompressor()).compress(
      unsafe source.span.bytes, runByteCount: run, mode: mode, appendingTo: &result)
    #expect(count == result.count)
    return result
  }

  @Test(arguments: [
    0, 1, 2, 7, 8, 63, 255, 256, 257, 4095, 65_791, 65_792, 131_072, 131_073, 262_143, 262_144,
    1_000_003,
  ])
  func comesBackTheSameInEveryModeAndRunLength(count: Int) throws {
    for mask in [0x00, 0x0F, 0xFF] as [UInt8] {
      let source = Self.noise(count, mask: mask)
      for run in [nil, (count + 1) / 2, (count + 3) / 4] {
        for mode in [ZstdCompressor.Mode.entropy, .raw] {
          let frame = try Self.frame(source, run: run, mode)
          #expect(try decode(frame, count: count) == source)
          #expect(frame.count <= count + 64 + 3 * count / 131_072)
        }
      }
    }
  }

  /// Four bits of entropy in eight: a Huffman code halves them, within its tables.
  @Test func entropyModeReachesTheEntropyOfTheBytes() throws {
    let source = Self.noise(131_072, mask: 0x0F)
    let count = try Self.frame(source, .entropy).count
    #expect((65_536...65_700).contains(count))
  }

  /// Two runs of their own, each skewed to other bytes, need a table each.
  @Test func eachRunHasItsOwnTable() throws {
    let low = Self.noise(65_536, mask: 0x03)
    let high = Self.noise(65_536, mask: 0x03, seed: 99).map { $0 | 0x80 }
    let apart = try Self.frame(low + high, run: 65_536, .entropy).count
    let together = try Self.frame(low + high, .entropy).count
    #expect((32_768...33_000).contains(apart))
    #expect(together > 49_000)
  }

  /// A hundredth of 32 KiB stand out of zeros: a few bytes for each.
  @Test func aUniformRunCostsWhatStandsOut() throws {
    var source = Self.noise(65_536, mask: 0xFF)
    source += [UInt8](repeating: 0, count: 32_768)
    for place in stride(from: 65_536, to: source.count, by: 331) { source[place] = 0x40 }
    func frame(uniform: Bool) throws -> [UInt8] {
      var result: [UInt8] = []
      try ZstdCompressor().compress(
        unsafe source.span.bytes,
        runs: [FrameRun(byteCount: 65_536), FrameRun(byteCount: 32_768, isUniform: uniform)],
        startsEmpty: false, appendingTo: &result)
      #expect(try decode(result, count: source.count) == source)
      return result
    }
    #expect(try (65_536 + 32_768 / 8..<66_000 + 32_768 / 8).contains(frame(uniform: false).count))
    #expect(try (65_537..<66_200).contains(frame(uniform: true).count))
  }

  /// A frame with a mark decodes as one without.
  @Test(arguments: [1, 255, 256, 1000, 65_792, 262_144]) func aMarkIsSeenAndPassedOver(
    count: Int
  ) throws {
    for mask in [0x00, 0x0F, 0xFF] as [UInt8] {
      let source = Self.noise(count, mask: mask)
      let frames = try [false, true].map { startsEmpty in
        var result: [UInt8] = []
        try ZstdCompressor().compress(
          unsafe source.span.bytes, runs: [FrameRun(byteCount: count)], startsEmpty: startsEmpty,
          appendingTo: &result)
        return result
      }
      #expect(frames[1].count == frames[0].count + 3)
      for (frame, isMarked) in zip(frames, [false, true]) {
        #expect(try decode(frame, count: count) == source)
        #expect(startsEmpty(frame, count) == isMarked)
      }
      #expect(!startsEmpty(Array(frames[1].prefix(7)), count))
    }
  }

  private func startsEmpty(_ frame: [UInt8], _ count: Int) -> Bool {
    unsafe ZstdFrame.startsEmpty(frame.span.bytes, contentByteCount: count)
  }

  @Test func noFrameIsSmallerThanTheLeast() throws {
    for count in [1, 100, 9000, 131_072, 262_144] {
      for mask in [0x00, 0x01, 0x0F, 0x7F, 0xFF] as [UInt8] {
        let source = Self.noise(count, mask: mask)
        let runs = FrameRun.equal(of: count, each: count / 2)
        let least = unsafe ZstdCompressor.leastByteCount(source.span.bytes, runs: runs)
        #expect(try least <= Self.frame(source, run: count / 2, .entropy).count)
      }
    }
    // Four bits of entropy in eight.
    let source = Self.noise(131_072, mask: 0x0F)
    let least = unsafe ZstdCompressor.leastByteCount(
      source.span.bytes, runs: [FrameRun(byteCount: source.count)])
    #expect((65_450...65_540).contains(least))
  }

  @Test func incompressibleBytesGrowByTheFramingAlone() throws {
    // Header 9, checksum 4, three for each of two blocks.
    #expect(try Self.frame(Self.noise(262_144, mask: 0xFF), .entropy).count == 262_144 + 19)
    #expect(try Self.frame(Self.noise(262_144, mask: 0x01), .raw).count == 262_144 + 19)
  }

  /// The same bytes whether a compressor is fresh or has made other frames before.
  @Test func framesDoNotDependOnWhatWasCompressedBefore() throws {
    let used = try ZstdCompressor()
    let sources = [
      Self.noise(262_144, mask: 0x1F), Self.noise(1000, mask: 0x07),
      Self.noise(262_144, mask: 0x3F),
      Self.noise(70_000, mask: 0xFF), Self.noise(262_144, mask: 0x1F),
    ]
    for (index, source) in sources.enumerated() {
      let mode: ZstdCompressor.Mode = index % 2 == 0 ? .entropy : .raw
      let run = source.count / 2
      #expect(
        try Self.frame(source, run: run, mode, with: used) == Self.frame(source, run: run, mode))
    }
  }

  @Test func appendsAfterWhatIsThere() throws {
    var output: [UInt8] = [1, 2, 3]
    let source = Self.noise(500, mask: 0x0F)
    let compressor = try ZstdCompressor()
    let first = try compressor.compress(unsafe source.span.bytes, mode: .raw, appendingTo: &output)
    let second = try compressor.compress(
      unsafe source.span.bytes, mode: .entropy, appendingTo: &output)
    #expect(output.count == 3 + first + second)
    #expect(Array(output.prefix(3)) == [1, 2, 3])
    #expect(try decode(Array(output[3..<3 + first]), count: 500) == source)
    #expect(try decode(Array(output[(3 + first)...]), count: 500) == source)
  }
}
