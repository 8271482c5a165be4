import DVLAKernels
import Testing

@Suite struct ErrorSumsTests {
  @Test func areTheSameWrittenDownAndReadAgain() throws {
    var random = RandomBytes(seed: 9)
    let x = random.floats(640)
    var sums = compare(x, x.map { $0 * -1.01 }, rows: 4, columns: 160)
    let words = sums.words
    #expect(words.count == ErrorSums.wordCount)
    var again = try #require(ErrorSums(words: words))
    #expect(again == sums)
    sums.add(sums)
    again.add(again)
    #expect(again == sums && again.squaredError == sums.squaredError)
    #expect(ErrorSums(words: Array(words.dropLast())) == nil)
    for (index, word) in [(0, -1), (1, .max), (2, .max), (3, -1), (22, .max), (40, 1 << 32)] {
      var spoiled = words
      spoiled[index] = Int64(word)
      #expect(ErrorSums(words: spoiled) == nil, "word \(index)")
    }
  }

  @Test func sumsSmallRowsByHand() {
    let sums = compare([1, 2, -3, 4], [1, 1, -3.5, 4], rows: 2, columns: 2)
    #expect(sums.count == 4)
    #expect(sums.squaredError == 1.25)
    #expect(sums.squaredSource == 30)
    #expect(sums.squaredResult == 30.25)
    #expect(sums.product == 1 + 2 + 10.5 + 16)
    #expect(sums.maximumError == 1)
  }

  @Test(arguments: InstructionSet.available)
  func leavesOutPairsThatAreNotFinite(set: InstructionSet) {
    var x = [Float](repeating: 2, count: 19)
    var y = [Float](repeating: 1, count: 19)
    x[3] = .nan
    y[3] = 5
    y[18] = -.infinity
    let sums = compare(x, y, rows: 1, columns: 19, using: set)
    #expect(sums.count == 17)
    #expect(sums.skippedCount == 2)
    #expect(sums.squaredError == 17)
    #expect(sums.maximumError == 1)
  }

  @Test(arguments: InstructionSet.available)
  func isTheSameForEverySetAndEverySplitByRows(set: InstructionSet) {
    var random = RandomBytes(seed: 3)
    for columns in [1, 15, 16, 17, 100, 333] {
      let rows = 7
      let x = random.floats(rows * columns)
      let y = zip(x, random.floats(rows * columns)).map { $0 + $1 * 0.01 }
      let expected = compare(x, y, rows: rows, columns: columns, using: .portable)
      var split = ErrorSums()
      for row in (0..<rows).reversed() {
        let range = row * columns..<(row + 1) * columns
        split.add(compare(Array(x[range]), Array(y[range]), rows: 1, columns: columns, using: set))
      }
      #expect(split == expected)
    }
  }

  @Test func holdsTheLargestFloats() {
    let big = Float.greatestFiniteMagnitude
    let sums = compare([big, big], [-big, big], rows: 1, columns: 2)
    #expect(sums.maximumError == 2 * Double(big))
    #expect(sums.squaredError == 4 * Double(big) * Double(big))
  }

  private func compare(
    _ x: [Float], _ y: [Float], rows: Int, columns: Int, using set: InstructionSet = .best
  ) -> ErrorSums {
    var sums = ErrorSums()
    unsafe sums.addRows(
      encode(x).span.bytes, encode(y).span.bytes, rows: rows, columns: columns, using: set)
    return sums
  }
}
