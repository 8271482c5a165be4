import DVLAKernels
import Testing

/// The kernel of compensated rounding against its formula, on every instruction set.
struct Int8CompensationTests {
  @Test(arguments: InstructionSet.available)
  func everyInstructionSetComputesTheFormula(_ set: InstructionSet) {
    for columns in [1, 2, 16, 37, 128] {
      let count = columns * Int8Kernel.lanes
      let weights = (0..<count).map { Float(($0 * 7919) % 2003) / 1001 - 1 }
      let scales = (0..<count).map { Float(1 + $0 % 5) / 512 }
      let factors = (0..<columns * columns).map { Float(($0 * 104_729) % 199) / 398 - 0.25 }
      var expected = [Int8](repeating: 0, count: count)
      for lane in 0..<Int8Kernel.lanes {
        var row = (0..<columns).map { weights[$0 * Int8Kernel.lanes + lane] }
        for column in 0..<columns {
          let place = column * Int8Kernel.lanes + lane
          let step = max(-100, min(100, row[column] / scales[place]))
            .rounded(.toNearestOrEven)
          expected[place] = Int8(step)
          let error = row[column] - step * scales[place]
          for other in column + 1..<max(column + 1, columns) {
            row[other] -= error * factors[column * columns + other]
          }
        }
      }
      var work = weights
      var steps = [Int8](repeating: 0, count: count)
      var workSpan = work.mutableSpan
      var stepSpan = steps.mutableSpan
      var bytes = unsafe stepSpan.mutableBytes
      Int8Kernel.compensate(
        &workSpan, scales: scales.span, factors: factors.span, columns: columns, limit: 100,
        steps: &bytes, using: set)
      #expect(steps == expected, "\(columns)")
    }
  }
}
