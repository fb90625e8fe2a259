"""What every job needs: context, queue, worker processes, scheduler, event stream."""
