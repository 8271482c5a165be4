import Testing

@testable import DVLAKernels

@Suite struct ExactSumTests {
  @Test func roundsOnceAsMathFsumDoes() throws {
    let fixture = try Fixture()
    let terms = try fixture.doubles("exact.terms")
    let everySecond = stride(from: 0, to: terms.count, by: 2).map { terms[$0] }
    let expected = try fixture.doubles("exact.sum")
    #expect(sum(terms).value == expected[0])
    #expect(sum(everySecond).value == expected[1])
    #expect(sum(terms.suffix(4)).value == expected[2])
  }

  @Test func doesNotDependOnTheOrderOrTheSplit() throws {
    let terms = try Fixture().doubles("exact.terms")
    let whole = sum(terms)
    #expect(sum(terms.reversed()) == whole)
    for split in [1, 100, 393] {
      var parts = sum(terms.suffix(from: split))
      parts.add(sum(terms.prefix(split)))
      #expect(parts == whole)
    }
  }

  @Test(arguments: [0x1p-298, -0x1p-298, 1.0, -0x1.fffffffffffffp299, 0x1.8p-245, 0x1.23456789p33])
  func keepsASingleTerm(term: Double) {
    #expect(sum([term]).value == term)
  }

  @Test func roundsTiesToEvenUnlessSomethingLiesBelow() {
    #expect(sum([0x1p53, 1]).value == 0x1p53)
    #expect(sum([0x1p53, 1, 0x1p-298]).value == 0x1p53 + 2)
    #expect(sum([0x1p53, 3]).value == 0x1p53 + 4)
    #expect(sum([-0x1p53, -1, -0x1p-298]).value == -0x1p53 - 2)
  }

  private func sum(_ terms: some Sequence<Double>) -> ExactSum {
    var sum = ExactSum()
    for term in terms { sum.add(term) }
    return sum
  }
}
