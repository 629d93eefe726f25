import collections
from dispatch.actions import moving
C=collections.Counter()
orig=moving._apply
def w(ctx):
    r=orig(ctx); C[ctx.move.name]+=1; return r
moving._apply=w
import atexit; atexit.register(lambda: print('MOVES',len(C),dict(C), 'never', sorted({m.name for m in __import__('dispatch.lifecycle').lifecycle.MOVES if m.offered}-set(C))))
