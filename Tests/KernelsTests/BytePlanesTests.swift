import DVLAKernels
import Testing

@Suite struct BytePlanesTests {
  @Test(arguments: InstructionSet.available, [1, 37, 100])
  func splitsWordsIntoThePlanesOfNumpy(set: InstructionSet, count: Int) throws {
    let fixture = try Fixture()
    for width in [2, 4] {
      let words = try fixture.bytes("planes\(width * 8).\(count).words")
      let planes = try fixture.bytes("planes\(width * 8).\(count).planes")
      let split = run(words, resultCount: words.count) {
        BytePlanes.split($0, width: width, into: &$1, using: set)
      }
      #expect(split == planes)
      let merged = run(planes, resultCount: words.count) {
        BytePlanes.merge($0, width: width, into: &$1, using: set)
      }
      #expect(merged == words)
    }
  }

  @Test func putsTheExponentFirstAndTheSignLast() {
    // -1.0 is 0xBF80 as bfloat16: the rotated word is 0x7F01.
    let planes = run([0x80, 0xBF], resultCount: 2) { BytePlanes.split($0, width: 2, into: &$1) }
    #expect(planes == [0x7F, 0x01])
  }

  @Test(arguments: InstructionSet.available, [0, 1, 3])
  func givesThePortableBytesForAnyCountAndStart(set: InstructionSet, shift: Int) {
    var random = RandomBytes(seed: 2)
    for count in awkwardCounts {
      for width in [2, 4] {
        let words = random.bytes(count * width)
        let expected = run(words, resultCount: words.count) {
          BytePlanes.split($0, width: width, into: &$1, using: .portable)
        }
        let planes = run(words, resultCount: words.count, shift: shift) {
          BytePlanes.split($0, width: width, into: &$1, using: set)
        }
        #expect(planes == expected)
        let merged = run(planes, resultCount: words.count, shift: shift) {
          BytePlanes.merge($0, width: width, into: &$1, using: set)
        }
        #expect(merged == words)
      }
    }
  }
}
