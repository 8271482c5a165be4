import DVLAKernels
import Testing

@Suite struct RowArithmeticTests {
  @Test(arguments: InstructionSet.available, [8, 20, 32])
  func rotatesByTheExactProductsRoundedOnce(set: InstructionSet, half: Int) throws {
    let fixture = try Fixture("rows")
    let cos = try fixture.floats("rotate.\(half).cos")
    let sin = try fixture.floats("rotate.\(half).sin")
    let found = changed(try fixture.floats("rotate.\(half).x")) {
      RowKernel.rotate(&$0, headDim: 2 * half, cos: cos.span, sin: sin.span, using: set)
    }
    let expected = try fixture.doubles("rotate.\(half).result")
    #expect(worstUlps(found, expected) <= 0.5001)
  }

  @Test(arguments: InstructionSet.available)
  func addsAScaledResidualRoundedOnce(set: InstructionSet) throws {
    let fixture = try Fixture("rows")
    let (y, scale) = try (fixture.floats("addScaled.y"), fixture.floats("addScaled.scale"))
    let found = changed(try fixture.floats("addScaled.x")) {
      RowKernel.addScaled(y.span, by: scale.span, toRowsOf: &$0, using: set)
    }
    let expected = try fixture.doubles("addScaled.result")
    #expect(worstUlps(found, expected) <= 0.5001)
  }

  @Test(arguments: InstructionSet.available, [0, 1, 3])
  func addsAndMultipliesInFloat32ForAnyCountAndStart(set: InstructionSet, shift: Int) {
    var random = RandomBytes(seed: 14)
    for columns in awkwardCounts {
      for rows in [0, 1, 3] {
        let x = random.floats(rows * columns)
        let y = random.floats(rows * columns)
        let sums = changed(x, shift: shift) { RowKernel.add(y.span, to: &$0, using: set) }
        #expect(sums == zip(x, y).map(+))
        let products = changed(x, shift: shift) {
          RowKernel.multiply(&$0, by: 1.7, using: set)
        }
        #expect(products == x.map { $0 * 1.7 })
      }
    }
  }

  @Test(arguments: InstructionSet.available, [0, 1, 3])
  func givesThePortableBitsForAnyShapeAndStart(set: InstructionSet, shift: Int) {
    var random = RandomBytes(seed: 15)
    for columns in awkwardCounts {
      for rows in [0, 1, 3] {
        let (x, y) = (random.floats(rows * columns), random.floats(rows * columns))
        let scale = random.floats(columns)
        func scaled(_ set: InstructionSet, _ shift: Int) -> [Float] {
          changed(x, shift: shift) {
            RowKernel.addScaled(y.span, by: scale.span, toRowsOf: &$0, using: set)
          }
        }
        #expect(bits(scaled(set, shift)) == bits(scaled(.portable, 0)))

        let heads = x + y
        let sines = random.floats(columns)
        func rotated(_ set: InstructionSet, _ shift: Int) -> [Float] {
          changed(heads, shift: shift) {
            RowKernel.rotate(
              &$0, headDim: 2 * columns, cos: scale.span, sin: sines.span, using: set)
          }
        }
        #expect(bits(rotated(set, shift)) == bits(rotated(.portable, 0)))
      }
    }
  }

  @Test func partsOfRowsAreAMistake() async {
    await #expect(processExitsWith: .failure) {
      var x: [Float] = [1, 2, 3]
      var span = x.mutableSpan
      RowKernel.softmax(&span, columns: 2)
    }
    await #expect(processExitsWith: .failure) {
      var x: [Float] = [1, 2, 3]
      var span = x.mutableSpan
      let up: [Float] = [1, 2]
      Activation.silu.apply(to: &span, multiplying: up.span)
    }
    await #expect(processExitsWith: .failure) {
      var x: [Float] = [1, 2, 3]
      var span = x.mutableSpan
      let row: [Float] = [1, 2, 3]
      let weight: [Float] = [1, 2]
      RowKernel.rmsNorm(row.span, columns: 3, weight: weight.span, epsilon: 1e-6, into: &span)
    }
  }
}
