import DVLADiagnostics
import DVLAJSON
import DVLAKernels
import DVLAQuantization
import DVLATensors
import Testing

/// Rounding in which the errors of a row make up for each other.
struct CompensationTests {
  static let columns = 200
  static let rows = 21

  /// Inputs of which neighbours resemble each other, 400 of them.
  static let inputs: [[Double]] = (0..<400).map { sample in
    var value = 0.0
    return (0..<columns).map { column in
      let draw = Double((sample * 7919 + column * 104_729 + sample * column * 31) % 1009) / 504 - 1
      value = 0.8 * value + draw
      return value * (1 + Double(column % 7))
    }
  }

  /// The blocks along the diagonal of the second moment.
  static let moments: [Float] = [0..<128, 128..<200].flatMap { (range: Range<Int>) -> [Float] in
    range.flatMap { a in
      range.map { b in
        Float(inputs.reduce(0.0) { $0 + $1[a] * $1[b] } / Double(inputs.count))
      }
    }
  }

  static let weights: [Float] = (0..<rows * columns).map {
    Float(($0 * 7919 + $0 / 200 * 37) % 4001) / 2000 - 1
  }

  struct Result: Equatable {
    var values: [UInt8]
    var scales: [UInt8]
    var errors: ErrorSums
  }

  func quantize(
    _ weights: [Float], _ scheme: Int8Scheme, _ factors: CompensationFactors?,
    parts: [Int] = [rows]
  ) throws -> Result {
    let columns = Self.columns
    let quantizer = try Int8Quantizer(
      tensor: "w", shape: [weights.count / columns, columns], scheme: scheme, factors: factors)
    var result = Result(values: [], scales: [], errors: ErrorSums())
    var row = 0
    for count in parts {
      let bytes = weights[row * columns..<(row + count) * columns].flatMap { value in
        (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt32($0))) }
      }
      var values = [UInt8](repeating: 0, count: count * columns)
      var scales = [UInt8](repeating: 0, count: count * quantizer.scaleShape[1] * 2)
      var valueSpan = values.mutableSpan
      var scaleSpan = scales.mutableSpan
      var valueBytes = unsafe valueSpan.mutableBytes
      var scaleBytes = unsafe scaleSpan.mutableBytes
      unsafe try quantizer.quantize(
        bytes.span.bytes, of: .f32, firstRow: row, values: &valueBytes, scales: &scaleBytes,
        errors: &result.errors)
      result.values += values
      result.scales += scales
      row += count
    }
    return result
  }

  /// sum over inputs of ((w - v) x)^2, in blocks as the moments are.
  func outputError(_ result: Result) -> Double {
    (0..<Self.rows).reduce(0.0) { sum, row in
      let bits = UInt32(result.scales[row * 2]) | UInt32(result.scales[row * 2 + 1]) << 8
      let scale = Double(Float(bitPattern: bits << 16))
      let errors = (0..<Self.columns).map { column -> Double in
        let place = row * Self.columns + column
        return Double(Self.weights[place])
          - scale * Double(Int8(bitPattern: result.values[place]))
      }
      return sum
        + Self.inputs.reduce(0.0) { sum, x in
          let parts = [0..<128, 128..<200].map { $0.reduce(0.0) { $0 + errors[$1] * x[$1] } }
          return sum + parts[0] * parts[0] + parts[1] * parts[1]
        }
    }
  }

  @Test func outputsAreNearerThanWithTheNearestValues() throws {
    let factors = CompensationFactors(columns: Self.columns, moments: Self.moments)
    let nearest = try quantize(Self.weights, Int8Scheme(), nil)
    let compensated = try quantize(Self.weights, Int8Scheme(rounding: .compensated), factors)
    #expect(compensated.scales == nearest.scales)
    #expect(outputError(compensated) < 0.75 * outputError(nearest))
    // Each weight on its own is further off.
    #expect(compensated.errors.squaredError > nearest.errors.squaredError)
  }

  /// Of two inputs the later one makes up for the earlier: it changes by H_jk / H_kk of the error.
  @Test func twoInputsMakeUpForEachOtherAsTheirMomentsSay() {
    let factors = CompensationFactors(columns: 2, moments: [1, 3, 3, 25])
    let damping = CompensationFactors.damping * 13
    #expect(factors.order == [1, 0])
    #expect(abs(Double(factors.factors[1]) + 3 / (1 + damping)) < 1e-6)
    #expect(factors.factors[0] == 0 && factors.factors[2] == 0 && factors.factors[3] == 0)
  }

  @Test func independentInputsAreRoundedToTheNearest() throws {
    let moments = [128, 72].flatMap { (count: Int) -> [Float] in
      (0..<count * count).map { $0 % (count + 1) == 0 ? Float(1 + $0 % 5) : 0 }
    }
    let factors = CompensationFactors(columns: Self.columns, moments: moments)
    let nearest = try quantize(Self.weights, Int8Scheme(scale: .leastSquares), nil)
    #expect(
      try quantize(
        Self.weights, Int8Scheme(scale: .leastSquares, rounding: .compensated), factors) == nearest)
    let dead = CompensationFactors(
      columns: Self.columns, moments: [Float](repeating: 0, count: moments.count))
    #expect(
      try quantize(
        Self.weights, Int8Scheme(scale: .leastSquares, rounding: .compensated), dead) == nearest)
  }

  @Test func rowsDoNotDependOnHowTheyAreDivided() throws {
    let factors = CompensationFactors(columns: Self.columns, moments: Self.moments)
    let scheme = Int8Scheme(rounding: .compensated, levels: 63)
    let whole = try quantize(Self.weights, scheme, factors)
    #expect(try quantize(Self.weights, scheme, factors, parts: [1, 3, 17]) == whole)
  }

  @Test func fewerLevelsBoundTheValues() throws {
    let factors = CompensationFactors(columns: Self.columns, moments: Self.moments)
    for levels in [127, 63, 15] {
      let result = try quantize(
        Self.weights, Int8Scheme(rounding: .compensated, levels: levels), factors)
      let largest = result.values.map { Int8(bitPattern: $0).magnitude }.max() ?? 0
      #expect(largest == levels)
    }
  }

  @Test func withoutACalibrationItIsRefused() {
    let error = #expect(throws: WeightsError.self) {
      try quantize(Self.weights, Int8Scheme(rounding: .compensated), nil)
    }
    #expect(error?.code.rawValue == "quantization.calibration")
  }

  @Test func factorsOfAFileAreChecked() throws {
    let good = CompensationFactors(columns: Self.columns, moments: Self.moments)
    #expect(
      try CompensationFactors(columns: Self.columns, order: good.order, factors: good.factors)
        == good)
    var twice = good.order
    twice[1] = twice[0]
    var infinite = good.factors
    infinite[5] = .infinity
    var undefined = good.factors
    undefined[5] = .nan
    for (columns, order, factors) in [
      (Self.columns, twice, good.factors), (Self.columns, good.order, infinite),
      (Self.columns, good.order, undefined), (199, good.order, good.factors),
      (Self.columns, good.order, Array(good.factors.dropLast())), (-1, [], []),
    ] {
      let error = #expect(throws: WeightsError.self) {
        try CompensationFactors(columns: columns, order: order, factors: factors)
      }
      #expect(error?.code.rawValue == "quantization.calibration")
    }
  }

  @Test func aRecipeSaysTheRounding() throws {
    let json: JSONText = """
      {"schema": 1, "rules": [{"match": "a.{i}.weight", "precision": "int8", "group": 64,
      "scale": "least_squares", "rounding": "compensated", "levels": 63}]}
      """
    let recipe = try json.recipe()
    #expect(
      recipe.precision(for: "a.3.weight", shape: [2, 64], dtype: .f32)
        == .int8(
          Int8Scheme(.group(.of64), scale: .leastSquares, rounding: .compensated, levels: 63)))
    #expect(recipe.needsCalibration)
    #expect(try Recipe(json: recipe.json) == recipe)
    for wrong in [
      #""rounding": "up""#, #""levels": 63"#, #""rounding": "compensated", "levels": 14"#,
      #""rounding": "compensated", "levels": 128"#,
    ] {
      let json: JSONText = #"{"schema": 1, "rules": [{"match": "**", "precision": "int8", "#
      let error = #expect(throws: WeightsError.self) {
        try JSONText(text: json.text + wrong + "}]}").recipe()
      }
      #expect(["recipe.precision", "json.type"].contains(error?.code.rawValue))
    }
  }

  @Test func aFoundRecipeSharesRules() throws {
    let int8 = TensorPrecision.int8(Int8Scheme())
    let precisions: [(tensor: TensorName, precision: TensorPrecision)] = [
      ("a.0.w", int8), ("a.1.w", .bf16), ("a.2.w", int8), ("b.w", .bf16),
    ]
    let recipe = try Recipe(precisions, otherwise: .f32)
    for (tensor, precision) in precisions {
      #expect(recipe.precision(for: tensor, shape: [4, 4], dtype: .f32) == precision)
    }
    #expect(recipe.precision(for: "c.w", shape: [4], dtype: .f32) == .f32)
    #expect(recipe.json.object?["rules"]?.array?.count == 4)
  }
}

private struct JSONText: ExpressibleByStringLiteral {
  let text: String
  init(stringLiteral text: String) { self.text = text }
  init(text: String) { self.text = text }
  func recipe() throws(WeightsError) -> Recipe { try Recipe(json: try StrictJSON.parse(text)) }
}
