import DVLAKernels
import Testing

@Suite struct SoftmaxTests {
  /// Two roundings to float32, of the exponential and of its quotient: half a unit each, of the
  /// unit below where the quotient falls short of a power of two.
  @Test(arguments: InstructionSet.available, [1, 5, 37, 64, 257])
  func equalsTheExactSoftmaxButForTwoRoundings(set: InstructionSet, columns: Int) throws {
    let fixture = try Fixture("rows")
    let scale = try fixture.floats("softmax.\(columns).scale")[0]
    let found = changed(try fixture.floats("softmax.\(columns).x")) {
      RowKernel.softmax(&$0, columns: columns, scale: scale, using: set)
    }
    let expected = try fixture.doubles("softmax.\(columns).result")
    #expect(worstUlps(found, expected) <= 1.51)
    // The second row is -infinity alone.
    #expect(found[columns..<2 * columns].allSatisfy { $0 == 0 })
  }

  @Test(arguments: InstructionSet.available, [3, 16, 37])
  func minusInfinityGivesZero(set: InstructionSet, columns: Int) {
    var x = [Float](repeating: 2, count: columns)
    x[0] = -.infinity
    x[columns - 1] = -.infinity
    let found = changed(x) { RowKernel.softmax(&$0, columns: columns, using: set) }
    #expect(found[0] == 0 && found[columns - 1] == 0)
    let share = 1 / Float(columns - 2)
    #expect(found[1..<columns - 1].allSatisfy { $0 == share })
  }

  @Test(arguments: InstructionSet.available, [Float.nan, .infinity])
  func aNaNOrInfinityStaysInItsRow(set: InstructionSet, bad: Float) {
    for place in [0, 15, 16, 19] {
      var x = [Float](repeating: 1, count: 60)
      x[20 + place] = bad
      if place == 19 { for index in 20..<39 { x[index] = -.infinity } }
      let found = changed(x) { RowKernel.softmax(&$0, columns: 20, using: set) }
      #expect(found[20..<40].allSatisfy { $0.isNaN })
      #expect((found[..<20] + found[40...]).allSatisfy { $0 == 0.05 })
    }
  }

  @Test(arguments: InstructionSet.available)
  func theLargestAndSmallestNumbersDoNotOverflow(set: InstructionSet) {
    let big = Float.greatestFiniteMagnitude
    let found = changed([big, -big, big, -big, 0, big]) {
      RowKernel.softmax(&$0, columns: 2, scale: 3, using: set)
    }
    #expect(found == [1, 0, 1, 0, 0, 1])
    let tiny = changed([0x1p-149, 0, -0x1p-149]) { RowKernel.softmax(&$0, columns: 3, using: set) }
    #expect(tiny == [Float](repeating: 1 / 3, count: 3))
  }

  @Test(arguments: InstructionSet.available, [0, 1, 3])
  func givesThePortableBitsForAnyShapeAndStart(set: InstructionSet, shift: Int) {
    var random = RandomBytes(seed: 13)
    for columns in awkwardCounts {
      for rows in [0, 1, 3] {
        let x = random.floats(rows * columns, upTo: 20)
        let expected = changed(x) {
          RowKernel.softmax(&$0, columns: columns, scale: 0.3, using: .portable)
        }
        let found = changed(x, shift: shift) {
          RowKernel.softmax(&$0, columns: columns, scale: 0.3, using: set)
        }
        #expect(bits(found) == bits(expected))
      }
    }
  }
}
