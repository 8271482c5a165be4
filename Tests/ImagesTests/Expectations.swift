import DVLADiagnostics
import DVLAImages
import DVLATensors
import DVLATestSupport
import Testing

/// Records an issue unless `work` throws an error of that code about malformed input.
func expect(
  _ code: WeightsError.Code, sourceLocation: SourceLocation = #_sourceLocation,
  _ work: () throws(WeightsError) -> Void
) {
  do throws(WeightsError) {
    try work()
    Issue.record("nothing was thrown", sourceLocation: sourceLocation)
  } catch {
    #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
    #expect(error.kind == .malformed, sourceLocation: sourceLocation)
    #expect(!error.description.contains("\n"), sourceLocation: sourceLocation)
  }
}

extension GoldenFile {
  /// A uint8 tensor [H, W, 3].
  func image(_ name: String) throws -> RGBImage {
    let shape = try shape(name)
    return RGBImage(width: shape[1], height: shape[0], pixels: try bytes(name))
  }
}

/// Equal shape and equal bits.
func expectSame(
  _ ours: Tensor, _ theirs: Tensor, sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(ours.shape == theirs.shape, sourceLocation: sourceLocation)
  let isSame = ours.values.map(\.bitPattern) == theirs.values.map(\.bitPattern)
  #expect(isSame, "values differ", sourceLocation: sourceLocation)
}
