import DVLADiagnostics
import DVLAJSON
import DVLAKernels
import DVLAQuantization
import Testing

@Suite struct QuantizationErrorTests {
  /// By hand: sum of squares 25 and 18, product 21, squared error 1.
  @Test func followsItsFormulas() {
    let error = QuantizationError(sums([3, 4], [3, 3]))
    #expect(error.maximumAbsoluteError == 1)
    #expect(error.rootMeanSquareError == 0.5.squareRoot())
    #expect(error.signalToNoiseRatio == 13.9794)
    #expect(abs(error.cosine - 0.98994949366116653) < 1e-15)
  }

  @Test func knowsWhenNothingWasLost() {
    let error = QuantizationError(sums([3, 0], [3, 0]))
    #expect(error.maximumAbsoluteError == 0)
    #expect(error.rootMeanSquareError == 0)
    #expect(error.signalToNoiseRatio == nil)
    #expect(error.cosine == 1)
    #expect(QuantizationError(ErrorSums()).cosine == 1)
  }

  @Test func hasNoRatioOrAngleToZeros() {
    let error = QuantizationError(sums([0, 0], [1, 0]))
    #expect(error.signalToNoiseRatio == nil)
    #expect(error.cosine == 0)
    #expect(error.maximumAbsoluteError == 1)
  }

  @Test func survivesJSON() throws {
    for error in [
      QuantizationError(sums([3, 4], [3, 3])), QuantizationError(sums([1], [1])),
      QuantizationError(sums([0.1, -7e-20], [0.100002, 1e-30])),
    ] {
      let text = error.json.encoded()
      #expect(try QuantizationError(JSONReader(StrictJSON.parse(text))) == error)
    }
  }

  @Test func refusesOtherKeys() {
    let text = #"{"max_abs": 1, "rms": 1, "sqnr_db": 1, "cosine": 1, "mean": 1}"#
    #expect(throws: WeightsError(.jsonUnknownKey, "")) {
      try QuantizationError(JSONReader(StrictJSON.parse(text)))
    }
  }

  private func sums(_ x: [Float], _ y: [Float]) -> ErrorSums {
    var sums = ErrorSums()
    // The bytes of floats are always initialised.
    unsafe sums.addRows(x.span.bytes, y.span.bytes, rows: 1, columns: x.count)
    return sums
  }
}
