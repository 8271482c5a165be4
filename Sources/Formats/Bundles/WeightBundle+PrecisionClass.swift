public import DVLADiagnostics
import DVLAJSON
public import DVLATensors

extension WeightBundle {
  /// The class of what conversion lost, by the tensor that lost most: nothing, whatever the types;
  /// the rounding of a float type; or 8 bits.
  ///
  /// - Throws: `json.*` when what the bundle records of its losses is not as `convert` writes it.
  public func precisionClass() throws(WeightsError) -> PrecisionClass {
    var result = PrecisionClass.f32
    for tensor in bundleTensors where !tensor.name.string.hasPrefix(unusedPrefix) {
      if tensor.info.dtype == .i8, tensor.quantization != nil { return .int8 }
      guard let record = tensor.quantization?.object?["error"] else { continue }
      do throws(WeightsError) {
        let error = try JSONReader(record, path: "error")
          .object(allowing: ["max_abs", "rms", "sqnr_db", "cosine"])
        if !(try error.required("max_abs").number() <= 0) { result = .bf16 }
      } catch { throw error.inTensor(tensor.name.string) }
    }
    return result
  }
}
