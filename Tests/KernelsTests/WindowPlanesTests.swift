import DVLAKernels
import Testing

@Suite struct WindowPlanesTests {
  /// The planes of the words, by the letter of the bundle format, one bit operation at a time.
  private func expected(_ bytes: [UInt8], width: Int) -> [UInt8] {
    let bits = UInt64(8 * width)
    let all: UInt64 = 1 << bits - 1
    func rotated(_ word: UInt64, _ count: UInt64) -> UInt64 {
      (word << count | word >> (bits - count)) & all
    }
    let words = stride(from: 0, to: bytes.count, by: width).map { start -> UInt64 in
      let word = bytes[start..<start + width].reversed().reduce(0 as UInt64) {
        $0 << 8 | UInt64($1)
      }
      let centred = (rotated(word, 1) &+ all &+ 1 &- 80 << (bits - 8)) & all
      return rotated(centred, 2)
    }
    var planes: [UInt8] = []
    for plane in 1..<UInt64(width) {
      planes += words.map { UInt8(truncatingIfNeeded: $0 >> (bits - 8 * plane)) }
    }
    let lowest = words.map { UInt8(truncatingIfNeeded: $0) }
    for shift in [6, 4, 2, 0] {
      for first in stride(from: 0, to: lowest.count / 4 * 4, by: 4) {
        let pairs = lowest[first..<first + 4].map { $0 >> shift & 3 }
        planes.append(pairs[0] | pairs[1] << 2 | pairs[2] << 4 | pairs[3] << 6)
      }
    }
    return planes + lowest[(lowest.count / 4 * 4)...]
  }

  @Test func areThoseOfTheWorkedExample() {
    // 1, -2, 0.5 and 1.5 as bfloat16.
    let words: [UInt8] = [0x80, 0x3F, 0x00, 0xC0, 0x00, 0x3F, 0xC0, 0x3F]
    let planes = run(words, resultCount: 8) { WindowPlanes.split($0, width: 2, into: &$1) }
    #expect(planes == [0xBC, 0xC0, 0xB8, 0xBE, 0x00, 0x00, 0x04, 0x00])
  }

  @Test(arguments: InstructionSet.available, [0, 1, 3])
  func areThoseOfTheFormatForAnyCountAndStart(set: InstructionSet, shift: Int) {
    var random = RandomBytes(seed: 4)
    for count in awkwardCounts + [4, 5, 60, 66, 67, 127, 128, 191] {
      for width in [2, 4] {
        let words = random.bytes(count * width)
        let planes = run(words, resultCount: words.count, shift: shift) {
          WindowPlanes.split($0, width: width, into: &$1, using: set)
        }
        #expect(planes == expected(words, width: width), "\(count) words of \(width)")
        let merged = run(planes, resultCount: words.count, shift: shift) {
          WindowPlanes.merge($0, width: width, into: &$1, using: set)
        }
        #expect(merged == words, "\(count) words of \(width)")
      }
    }
  }

  /// NaN, infinities, zeros and subnormals included.
  @Test(arguments: InstructionSet.available) func keepEveryBFloat16(set: InstructionSet) {
    let words = (0...UInt16.max).flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
    let planes = run(words, resultCount: words.count) {
      WindowPlanes.split($0, width: 2, into: &$1, using: set)
    }
    #expect(planes == expected(words, width: 2))
    let merged = run(planes, resultCount: words.count) {
      WindowPlanes.merge($0, width: 2, into: &$1, using: set)
    }
    #expect(merged == words)
  }

  /// A hostile frame decodes to any bytes: they are the planes of some words.
  @Test(arguments: InstructionSet.available) func anyBytesArePlanes(set: InstructionSet) {
    var random = RandomBytes(seed: 5)
    for count in [1, 3, 64, 131, 4099] {
      for width in [2, 4] {
        let planes = random.bytes(count * width)
        let words = run(planes, resultCount: planes.count) {
          WindowPlanes.merge($0, width: width, into: &$1, using: set)
        }
        #expect(expected(words, width: width) == planes)
      }
    }
  }
}
