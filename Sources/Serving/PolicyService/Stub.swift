import DVLABundles
import DVLADiagnostics
import DVLAPipelines
import DVLARobots
public import DVLAObservations
extension WeightBundle { func robot() throws(WeightsError) -> Robot? { nil } }
