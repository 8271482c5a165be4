import DVLADiagnostics
import DVLAJSON

/// The error a text is refused with; nil where it is accepted.
func refusal(_ bytes: [UInt8], limits: JSONLimits = .default) -> WeightsError? {
  do throws(WeightsError) {
    _ = try StrictJSON.parse(bytes, limits: limits)
    return nil
  } catch {
    return error
  }
}

func refusal(_ text: String, limits: JSONLimits = .default) -> WeightsError? {
  refusal(Array(text.utf8), limits: limits)
}

/// The error a body throws; nil where it throws none.
func failure(_ body: () throws(WeightsError) -> Void) -> WeightsError? {
  do throws(WeightsError) {
    try body()
    return nil
  } catch {
    return error
  }
}
