import DVLADiagnostics
import DVLADrift
import DVLAGates
import DVLAKernels
import DVLAParallelism
import DVLAQuantization
import DVLATensors
import Synchronization

/// What a choice of precisions loses of the weights themselves, for budgets that limit that. Each
/// tensor is measured once in each precision.
final class WeightLosses {
  private let conversion: Conversion
  private var known: [Key: ErrorSums] = [:]

  private struct Key: Hashable {
    let tensor: TensorName
    let dtype: DType
    let scheme: Int8Scheme?

    init(_ tensor: StoredTensor) {
      self.tensor = tensor.info.name
      dtype = tensor.info.dtype
      if case .int8(let quantizer) = tensor.content {
        scheme = quantizer.scheme
      } else {
        scheme = nil
      }
    }
  }

  init(_ conversion: Conversion) { self.conversion = conversion }

  /// Of every tensor, in the order of the plan.
  ///
  /// - Throws: what reading and quantizing throw.
  func drifts(_ plan: ConversionPlan) throws(WeightsError) -> [WeightDrift] {
    let open = plan.blocks.filter { block in
      let tensor = plan.tensors[block.tensor]
      return !tensor.isLossless && known[Key(tensor)] == nil
    }
    var sums: [Key: ErrorSums] = [:]
    let readers = try conversion.readers(of: plan)
    try OrderedWork.run(
      items: open.count, threads: conversion.options.threads,
      makeScratch: { () throws(WeightsError) -> BlockEncoder in BlockEncoder() },
      work: { (index, encoder) throws(WeightsError) -> ErrorSums in
        let tensor = plan.tensors[open[index].tensor]
        do throws(WeightsError) {
          return try encoder.encode(
            tensor, open[index].range, from: try readers.reader(for: tensor.planned)
          ).errors
        } catch { throw error.inTensor(tensor.info.name.string) }
      },
      consume: { (index, errors) throws(WeightsError) in
        sums[Key(plan.tensors[open[index].tensor]), default: ErrorSums()].add(errors)
      })
    known.merge(sums) { _, new in new }
    return plan.tensors.filter { tensor in
      if case .scales = tensor.content { return false }
      return true
    }.map { tensor in
      WeightDrift(
        name: tensor.info.name.string, stored: tensor.info.dtype.rawValue,
        DriftSums(known[Key(tensor)] ?? ErrorSums()))
    }
  }
}
